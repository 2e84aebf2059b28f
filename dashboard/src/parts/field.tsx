// A control and its label, tied together by an id.

import type { JSX } from "preact";
import { useId } from "preact/hooks";

export function Field({ label, children }: { label: string; children: (id: string) => JSX.Element }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}
