// Light or dark: as the system has it, unless somebody chose.

import { signal } from "@preact/signals";

export type Scheme = "system" | "light" | "dark";

const KEY = "lamda-scheme";

export const scheme = signal<Scheme>((localStorage.getItem(KEY) as Scheme | null) ?? "system");

export function setScheme(chosen: Scheme): void {
  scheme.value = chosen;
  localStorage.setItem(KEY, chosen);
  apply();
}

function apply(): void {
  document.documentElement.style.colorScheme = scheme.value === "system" ? "" : scheme.value;
}

apply();
