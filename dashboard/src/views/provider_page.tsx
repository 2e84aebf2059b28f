// One provider: what it offers, whether it is there, what it did and what it earned.

import { useAsked, useChanges } from "../api/live";
import { grouped, percent, vram } from "../format/amounts";
import { gpuName } from "../format/names";
import { date } from "../format/times";
import { ProviderChangesDocument, ProviderDocument, type ProviderQuery } from "../generated/graphql";
import { JobList } from "../parts/job_list";
import { Card, Figure, Page } from "../parts/page";
import { Online } from "../parts/provider_table";
import { Answered, Empty } from "../parts/states";
import { Bnb, Lookup } from "../parts/text";
import { UptimeStrip } from "./provider/uptime_strip";

type Provider = NonNullable<ProviderQuery["provider"]>;

export function ProviderPage({ address }: { address: string }) {
  const answer = useAsked(ProviderDocument, { address });
  useChanges(ProviderChangesDocument, { address }, answer.again);
  const provider = answer.data?.provider;
  const name = provider ? gpuName(provider.gpuModel) : "Provider";
  return (
    <Page title={name} name={name} lead={<Lookup chain="OPBNB" kind="address" text={address} what="address" digits={8} />} aside={provider && <Online provider={provider} />}>
      <Answered answer={answer} rows={6}>
        {(data) => data.provider ? <Details provider={data.provider} /> : <Empty title="opBNB has never seen this provider">It appears here when it registers, or sends its first heartbeat.</Empty>}
      </Answered>
      <Card title="Jobs">
        <JobList filter={{ provider: address }} label="Jobs of this provider" empty="No job names this provider" hint="A renter names it when paying for a job." party="renter" />
      </Card>
    </Page>
  );
}

function Details({ provider }: { provider: Provider }) {
  return (
    <>
      <dl class="figures">
        <Figure name="Memory" value={vram(provider.vramMib)} />
        <Figure name="Reputation" value={grouped(provider.reputationScore)} note="confirmed jobs" />
        <Figure name="Earned" value={<Bnb wei={provider.earned} />} note="taken so far" />
        <Figure name="Uptime" value={provider.uptime === null ? "–" : percent(provider.uptime)} note="last 30 days" />
        <Figure name="Registered" value={provider.registeredAt ? date(provider.registeredAt) : "never"} note={provider.source && <Lookup chain="OPBNB" kind="tx" text={provider.source.transactionHash} what="transaction" />} />
      </dl>
      <Card title="Uptime, day by day">
        <UptimeStrip days={provider.uptimeHistory} />
      </Card>
    </>
  );
}
