// What is around every view: the way to the others, search, the chains, who is signed in, and whether all is live.

import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";

import { me } from "../api/session";
import { short } from "../format/names";
import { AccountIcon, JobsIcon, Mark, OperateIcon, OverviewIcon, ProvidersIcon } from "../parts/icons";
import { ChainsContext, useChainRows } from "./chains";
import { ConnectionNotice } from "./connection_notice";
import { Footer } from "./footer";
import { SearchBox } from "./search_box";

const PLACES = [
  { path: "/", name: "Overview", icon: OverviewIcon },
  { path: "/jobs", name: "Jobs", icon: JobsIcon },
  { path: "/providers", name: "Providers", icon: ProvidersIcon },
];
const ADMIN = { path: "/admin", name: "Operate", icon: OperateIcon };

export function Shell({ children }: { children: ComponentChildren }) {
  const chains = useChainRows();
  return (
    <ChainsContext.Provider value={chains}>
      <a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <a class="brand" href="/" aria-label="Lamda Network, overview">
          <Mark />
          <span>Lamda</span>
        </a>
        <Places />
        <SearchBox />
        <Person />
      </header>
      <ConnectionNotice chains={chains} />
      <main id="main" tabIndex={-1}>{children}</main>
      <Footer />
    </ChainsContext.Provider>
  );
}

function Places() {
  const { path } = useLocation();
  const places = me.value?.isAdmin ? [...PLACES, ADMIN] : PLACES;
  return (
    <nav class="places" aria-label="Views">
      {places.map(({ path: target, name, icon: Icon }) => (
        <a key={target} href={target} aria-current={isAt(path, target) ? "page" : undefined}>
          <Icon />
          <span>{name}</span>
        </a>
      ))}
    </nav>
  );
}

function Person() {
  const who = me.value;
  return (
    <a class={who ? "button quiet person" : "button person"} href="/account">
      <AccountIcon />
      {who ? <span class="mono">{short(who.address)}</span> : <span>Sign in</span>}
    </a>
  );
}

function isAt(path: string, target: string): boolean {
  return target === "/" ? path === "/" : path.startsWith(target);
}
