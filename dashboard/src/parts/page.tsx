// The frame of a view: its title, what is beside it, and what it says in the browser's tab.

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export function Page({ title, name, lead, aside, children }: { title: ComponentChildren; name: string; lead?: ComponentChildren; aside?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${name} · Lamda Network`;
  }, [name]);
  return (
    <article class="page">
      <header class="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {aside}
      </header>
      {children}
    </article>
  );
}

export function Card({ title, aside, class: extra = "", children }: { title?: string; aside?: ComponentChildren; class?: string; children: ComponentChildren }) {
  return (
    <section class={`card ${extra}`} aria-label={title}>
      {title && (
        <header class="card-head">
          <h2>{title}</h2>
          {aside}
        </header>
      )}
      {children}
    </section>
  );
}

export function Figure({ name, value, note }: { name: string; value: ComponentChildren; note?: ComponentChildren }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>{value}</dd>
      {note && <dd class="note">{note}</dd>}
    </div>
  );
}
