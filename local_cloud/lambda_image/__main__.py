"""Builds the stand-in image: ``python -m local_cloud.lambda_image``."""

import sys

from local_cloud.lambda_image.image import TAG, ImageError, build, is_foreign


def main() -> int:
    """Build the image unless the real one exists. Returns the exit code."""
    try:
        if is_foreign():
            print(f"{TAG} is here already and not of our making: it is used as it is")
            return 0
        build()
    except ImageError as error:
        print(f"lambda_image: {error}", file=sys.stderr)
        return 1
    print(f"{TAG} now stands for AWS's, with Python {sys.version.split()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
