// Small pieces of text that mean something: hashes, moments and amounts.

import { useState } from "preact/hooks";

import { now } from "../api/live";
import { bnb, exactBnb } from "../format/amounts";
import { explorerLink, short } from "../format/names";
import { ago, utc } from "../format/times";
import type { Chain } from "../generated/graphql";
import { useExplorer } from "../shell/chains";
import { CheckIcon, CopyIcon, OutIcon } from "./icons";

export function Ago({ at }: { at: string }) {
  return <time dateTime={at} title={utc(at)}>{ago(at, now.value)}</time>;
}

export function Bnb({ wei }: { wei: string }) {
  return <span class="amount" title={exactBnb(wei)}>{bnb(wei)} <span class="unit">BNB</span></span>;
}

const COPIED_MS = 1_500;

export function Copy({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), COPIED_MS);
  };
  return (
    <button type="button" class="icon-button" onClick={copy} aria-label={isCopied ? "Copied" : `Copy ${what}`}>
      {isCopied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}

interface Lookup {
  chain: Chain;
  kind: "tx" | "address" | "block";
  text: string;
  what: string;
  digits?: number;
}

// A hash or address in short, to be copied, and to be looked up at the chain's explorer where one is configured.
export function Lookup({ chain, kind, text, what, digits = 4 }: Lookup) {
  const link = explorerLink(useExplorer(chain), kind, text);
  return (
    <span class="lookup">
      {link ? (
        <a class="mono" href={link} target="_blank" rel="noreferrer" title={text}>
          {short(text, digits)}
          <OutIcon />
          <span class="unseen"> at the explorer, in a new tab</span>
        </a>
      ) : (
        <span class="mono" title={text}>{short(text, digits)}</span>
      )}
      <Copy text={text} what={what} />
    </span>
  );
}
