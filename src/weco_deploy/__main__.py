"""`python -m weco_deploy` and the `weco-deploy` command."""

from weco_deploy.cli.main import main

if __name__ == "__main__":
    main()
