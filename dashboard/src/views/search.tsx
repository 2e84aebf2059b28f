// What an address, a job id or a transaction leads to. A single hit is gone to at once.

import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";

import { useAsked } from "../api/live";
import { jobPath, providerPath } from "../format/names";
import { SearchDocument, type SearchQuery } from "../generated/graphql";
import { JobRows } from "../parts/job_rows";
import { Card, Page } from "../parts/page";
import { ProviderTable } from "../parts/provider_table";
import { Answered, Empty } from "../parts/states";

type Hit = SearchQuery["search"][number];
type Of<Name extends Hit["__typename"]> = Extract<Hit, { __typename: Name }>;

export function Search() {
  const { query, route } = useLocation();
  const text = query["q"] ?? "";
  const found = useAsked(SearchDocument, { text });
  const hits = found.fetching || found.stale ? undefined : found.data?.search;
  const only = hits?.length === 1 ? hits[0] : undefined;
  useEffect(() => {
    if (only) route(only.__typename === "Job" ? jobPath(only.jobId) : providerPath(only.address), true);
  }, [only]);
  return (
    <Page title="Search" name="Search" lead={text ? <>What <span class="mono wrap">{text}</span> leads to</> : undefined}>
      <Answered answer={found}>{({ search }) => <Hits hits={search} />}</Answered>
    </Page>
  );
}

function Hits({ hits }: { hits: Hit[] }) {
  const jobs = hits.filter((hit): hit is Of<"Job"> => hit.__typename === "Job");
  const providers = hits.filter((hit): hit is Of<"Provider"> => hit.__typename === "Provider");
  if (hits.length === 0)
    return <Empty title="Nothing found">Give the whole of an address, a job id or a transaction hash, with or without 0x.</Empty>;
  return (
    <>
      {providers.length > 0 && <Card title="Providers"><ProviderTable providers={providers} /></Card>}
      {jobs.length > 0 && <Card title="Jobs"><JobRows rows={jobs.map((job) => ({ job }))} label="Jobs found" /></Card>}
    </>
  );
}
