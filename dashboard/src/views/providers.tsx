// Who offers GPUs, by what a renter needs. The filter is in the address, so that it can be sent to somebody.

import { useLocation } from "preact-iso";
import { useState } from "preact/hooks";

import { useAsked, useChanges } from "../api/live";
import { GpuModelsDocument, type ProviderFilter, type ProviderOrderField, ProviderChangesDocument, ProvidersDocument } from "../generated/graphql";
import { gpuName } from "../format/names";
import { Field } from "../parts/field";
import { Card, Page } from "../parts/page";
import { ProviderTable } from "../parts/provider_table";
import { Answered, Empty } from "../parts/states";

const PAGE = 50;
const ROWS_MAX = 500;
const ORDERS: Record<ProviderOrderField, string> = {
  REPUTATION: "Best reputation",
  VRAM: "Most memory",
  LAST_SEEN: "Seen last",
  REGISTERED: "Newest",
};
const MEMORIES_GB = [8, 12, 16, 24, 48, 80];
// A card sold with 24 GB has somewhat less to give.
const MIB_IN_SOLD_GB = 1000;

export function Providers() {
  const { query } = useLocation();
  const [first, setFirst] = useState(PAGE);
  const filter = filterOf(query);
  const field = (query["sort"] ?? "REPUTATION") as ProviderOrderField;
  const providers = useAsked(ProvidersDocument, { filter, orderBy: { field }, first });
  useChanges(ProviderChangesDocument, { filter }, providers.again);
  return (
    <Page title="Providers" name="Providers" lead="Machines that registered on opBNB. Reputation is the number of jobs that renters confirmed.">
      <Filters query={query} />
      <Card>
        <Answered answer={providers} rows={8}>
          {({ providers: { nodes, pageInfo } }) => (
            <>
              {nodes.length ? <ProviderTable providers={nodes} /> : <Empty title="No provider fits">Loosen the filter, or look again later.</Empty>}
              {pageInfo.hasNextPage && first < ROWS_MAX && (
                <button type="button" class="button quiet more" onClick={() => setFirst(first * 2)}>Show more</button>
              )}
            </>
          )}
        </Answered>
      </Card>
    </Page>
  );
}

function Filters({ query }: { query: Record<string, string> }) {
  const { route } = useLocation();
  const models = useAsked(GpuModelsDocument, {}).data?.providerStats.gpuModels ?? [];
  const set = (name: string) => (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const value = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
    const chosen = Object.entries({ ...query, [name]: value }).filter(([, each]) => each);
    route(`/providers?${new URLSearchParams(chosen)}`, true);
  };
  return (
    <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      <Field label="GPU">
        {(id) => (
          <select id={id} value={query["gpu"] ?? ""} onChange={set("gpu")}>
            <option value="">Any</option>
            {models.map(({ gpuModel }) => <option key={gpuModel} value={gpuModel}>{gpuName(gpuModel)}</option>)}
          </select>
        )}
      </Field>
      <Field label="Memory">
        {(id) => (
          <select id={id} value={query["memory"] ?? ""} onChange={set("memory")}>
            <option value="">Any</option>
            {MEMORIES_GB.map((size) => <option key={size} value={size}>{size} GB or more</option>)}
          </select>
        )}
      </Field>
      <Field label="Reputation from">
        {(id) => <input id={id} type="number" min={0} placeholder="Any" value={query["reputation"] ?? ""} onChange={set("reputation")} />}
      </Field>
      <Field label="Sorted by">
        {(id) => (
          <select id={id} value={query["sort"] ?? "REPUTATION"} onChange={set("sort")}>
            {Object.entries(ORDERS).map(([field, name]) => <option key={field} value={field}>{name}</option>)}
          </select>
        )}
      </Field>
      <label class="check">
        <input type="checkbox" checked={query["online"] === "1"} onChange={set("online")} />
        Online only
      </label>
    </form>
  );
}

function filterOf(query: Record<string, string>): ProviderFilter {
  return {
    ...(query["online"] === "1" && { isOnline: true }),
    ...(query["gpu"] && { gpuModel: query["gpu"] }),
    ...(query["memory"] && { minVramMib: Number(query["memory"]) * MIB_IN_SOLD_GB }),
    ...(query["reputation"] && { minReputation: Number(query["reputation"]) }),
  };
}
