// The search field of the header; "/" leads to it from anywhere.

import { useLocation } from "preact-iso";
import { useEffect, useRef } from "preact/hooks";

import { SearchIcon } from "../parts/icons";

export function SearchBox() {
  const { route, query, path } = useLocation();
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || isWriting(event.target)) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  const search = (event: Event) => {
    event.preventDefault();
    const text = field.current?.value.trim();
    if (text) route(`/search?q=${encodeURIComponent(text)}`);
  };
  return (
    <form class="search" role="search" onSubmit={search}>
      <SearchIcon />
      <input
        ref={field}
        type="search"
        aria-label="Search by address, job id or transaction"
        placeholder="Address, job or transaction"
        defaultValue={path === "/search" ? query["q"] : ""}
        autocomplete="off"
        spellcheck={false}
      />
      <kbd aria-hidden="true">/</kbd>
    </form>
  );
}

function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select");
}
