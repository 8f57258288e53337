from tests.sandboxes import account, provisioned, sandbox_host

__all__ = ["account", "provisioned", "sandbox_host"]
