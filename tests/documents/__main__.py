"""Write the generated pages: `make reference`."""

from tests.documents.pages import PAGES

if __name__ == "__main__":
    for path, written in PAGES.items():
        path.write_text(written(), encoding="utf-8")
