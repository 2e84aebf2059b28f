// What an operator can do from here. The API decides who may; this page shows it to those.

import { me } from "../api/session";
import { type Chain, ResumeDocument } from "../generated/graphql";
import { CHAIN_NAMES } from "../format/names";
import { Act } from "../parts/act";
import { Card, Page } from "../parts/page";
import { Empty } from "../parts/states";
import { useChains } from "../shell/chains";
import { Credits } from "./admin/credits";
import { Reindexes } from "./admin/reindexes";
import { RetryForm } from "./admin/retry_form";

// As the API begins the reason of a chain that waits for a person.
const PAUSED = "paused";

export function Admin() {
  if (!me.value?.isAdmin)
    return (
      <Page title="Operate" name="Operate">
        <Empty title="For admins only"><a href="/account">Sign in</a> with a wallet that the setting ADMIN_ADDRESSES names.</Empty>
      </Page>
    );
  return (
    <Page title="Operate" name="Operate" lead="Each of these is kept with who asked for it.">
      <div class="columns">
        <div class="stack one">
          <Reindexes />
          <RetryForm />
        </div>
        <div class="stack">
          <Resumes />
          <Credits />
        </div>
      </div>
    </Page>
  );
}

function Resumes() {
  const chains = useChains() ?? [];
  return (
    <Card title="Chains">
      <p class="muted">A chain pauses after a reorganisation deeper than finality, until a person lets it go on.</p>
      {chains.map(({ chain, ready, reason }) => (
        <div key={chain} class="chain">
          <p class="chain-name">
            <span class={`dot ${ready ? "good" : "warn"}`} aria-hidden="true" />
            <strong>{CHAIN_NAMES[chain as Chain]}</strong>
            <span class="muted">{ready ? "follows its head" : reason}</span>
          </p>
          {reason?.startsWith(PAUSED) && <Act document={ResumeDocument} variables={{ chain }} name={`Resume ${CHAIN_NAMES[chain as Chain]}`} done="Told its indexer to go on." />}
        </div>
      ))}
    </Card>
  );
}
