// Who somebody is here: sign in with a wallet, one's own jobs, and a spec for a job that is not on chain yet.

import { useState } from "preact/hooks";

import { me, type Me, signIn, signOut } from "../api/session";
import { gpuName, providerPath } from "../format/names";
import { type Outcome, Told } from "../parts/act";
import { JobList } from "../parts/job_list";
import { Card, Page } from "../parts/page";
import { SpecForm } from "../parts/spec_form";
import { Loading } from "../parts/states";
import { Lookup } from "../parts/text";

export function Account() {
  const who = me.value;
  if (who === undefined) return <Page title="Account" name="Account"><Loading rows={4} /></Page>;
  return who ? <Mine who={who} /> : <Door />;
}

function Door() {
  const { attempt, outcome, isBusy } = useAttempt(signIn);
  return (
    <Page title="Sign in" name="Sign in">
      <Card class="door">
        <p>Your wallet signs a message that names this site. Nothing is sent to a chain, and nothing costs anything.</p>
        <ul class="reasons">
          <li>Renters see their jobs, and say what to run.</li>
          <li>Providers see what their jobs run and where the results go.</li>
          <li>Admins operate the network.</li>
        </ul>
        <button type="button" class="button" disabled={isBusy} onClick={attempt}>{isBusy ? "Waiting for the wallet…" : "Sign in with a wallet"}</button>
        <Told outcome={outcome} />
      </Card>
    </Page>
  );
}

function Mine({ who }: { who: Me }) {
  const { attempt, outcome } = useAttempt(signOut);
  const leave = <span class="act"><Told outcome={outcome} /><button type="button" class="button quiet" onClick={attempt}>Sign out</button></span>;
  return (
    <Page title="My jobs" name="My jobs" lead={<Lookup chain="BSC" kind="address" text={who.address} what="address" digits={8} />} aside={leave}>
      {who.provider && <p>This wallet is a provider: <a href={providerPath(who.provider.address)}>{gpuName(who.provider.gpuModel)}</a> has its jobs and earnings.</p>}
      <div class="columns">
        <Card title="Jobs I rent">
          <JobList filter={{ renter: who.address }} label="My jobs" empty="You have not rented anything yet" hint="A job is here as soon as its payment is in a block of BSC." />
        </Card>
        <Card title="Hand in a spec">
          <p class="muted">Say what to run before the job is on chain, or until it has been sent. You may say it again; the last word counts.</p>
          <SpecForm />
        </Card>
      </div>
    </Page>
  );
}

function useAttempt(act: () => Promise<void>) {
  const [outcome, setOutcome] = useState<Outcome>();
  const [isBusy, setBusy] = useState(false);
  const attempt = async () => {
    setOutcome(undefined);
    setBusy(true);
    // Wallets throw objects that are no errors, such as what they say when somebody declines.
    await act().catch((error: { message?: string }) => setOutcome({ isGood: false, text: error.message ?? "The wallet did not sign." }));
    setBusy(false);
  };
  return { attempt, outcome, isBusy };
}
