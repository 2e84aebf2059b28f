// The network now: figures, what happened over time, jobs on the move, and the two chains all of it is read from.

import { useWatched } from "../api/live";
import { grouped, vram } from "../format/amounts";
import { JobStatsDocument, ProviderStatsDocument } from "../generated/graphql";
import { Card, Figure, Page } from "../parts/page";
import { Loading } from "../parts/states";
import { Bnb } from "../parts/text";
import { ActivityCharts } from "./overview/activity_charts";
import { ChainCards } from "./overview/chain_cards";
import { GpuModels } from "./overview/gpu_models";
import { LiveFeed } from "./overview/live_feed";
import { StatusBar } from "./overview/status_bar";

export function Overview() {
  const jobs = useWatched(JobStatsDocument)?.jobStats;
  const providers = useWatched(ProviderStatsDocument)?.providerStats;
  return (
    <Page title="Network" name="Overview" lead="Rented on BSC, run on GPUs, credited on opBNB. Everything here moves by itself.">
      {jobs && providers ? (
        <dl class="figures">
          <Figure name="Providers online" value={grouped(providers.online)} note={`of ${grouped(providers.total)}`} />
          <Figure name="GPU memory online" value={vram(providers.onlineVramMib)} />
          <Figure name="Jobs" value={grouped(jobs.total)} note="ever" />
          <Figure name="Paid in" value={<Bnb wei={jobs.volume} />} note="by renters, ever" />
          <Figure name="In escrow" value={<Bnb wei={jobs.escrowed} />} note="not yet taken" />
          <Figure name="Paid out" value={<Bnb wei={jobs.paidOut} />} note="to providers" />
        </dl>
      ) : (
        <Loading rows={2} />
      )}
      <div class="columns">
        <LiveFeed />
        <div class="stack">
          <ChainCards />
          {jobs && <StatusBar jobs={jobs} />}
          {providers && <Card title="GPU models"><GpuModels models={providers.gpuModels} /></Card>}
        </div>
      </div>
      <ActivityCharts />
    </Page>
  );
}
