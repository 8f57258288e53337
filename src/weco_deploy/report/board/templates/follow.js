"use strict";
// Keeps the page up to date while the box is checked. Only the content is replaced, so that scrolling and the focus stay.
const box = document.getElementById("follow");
box.closest("p").hidden = false;
box.checked = sessionStorage.getItem("follow") !== "no";
box.addEventListener("change", () => sessionStorage.setItem("follow", box.checked ? "yes" : "no"));

async function update() {
  let answer;
  try {
    answer = await fetch(location.href);
  } catch {
    return; // the server has ended, or starts again
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = document.querySelector("main");
  const after = fresh.querySelector("main");
  if (before.innerHTML === after.innerHTML) return;
  const scrolled = [...before.querySelectorAll(".scroll")].map((table) => table.scrollLeft);
  const focusable = "a, .scroll";
  const focused = [...before.querySelectorAll(focusable)].indexOf(document.activeElement);
  before.replaceWith(after);
  document.title = fresh.title;
  after.querySelectorAll(".scroll").forEach((table, index) => (table.scrollLeft = scrolled[index] ?? 0));
  after.querySelectorAll(focusable)[focused]?.focus({ preventScroll: true });
}

setInterval(() => {
  if (box.checked && !document.hidden) update();
}, 5000);
