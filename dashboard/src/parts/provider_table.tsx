// Providers as a table.

import { grouped, vram } from "../format/amounts";
import { gpuName, providerPath, short } from "../format/names";
import type { ProviderRowFragment } from "../generated/graphql";
import { Ago } from "./text";

export function ProviderTable({ providers }: { providers: ProviderRowFragment[] }) {
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Provider</th>
          <th scope="col" class="number">Memory</th>
          <th scope="col" class="number">Reputation</th>
          <th scope="col">Status</th>
        </tr>
      </thead>
      <tbody>
        {providers.map((provider) => (
          <tr key={provider.address}>
            <th scope="row">
              <a class="row-link" href={providerPath(provider.address)}>{gpuName(provider.gpuModel)}</a>
              <br />
              <span class="mono muted small">{short(provider.address)}</span>
            </th>
            <td class="number">{vram(provider.vramMib)}</td>
            <td class="number">{grouped(provider.reputationScore)}</td>
            <td><Online provider={provider} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function Online({ provider }: { provider: Pick<ProviderRowFragment, "isOnline" | "lastSeenAt"> }) {
  return (
    <span class="online">
      <span class={`dot ${provider.isOnline ? "good" : ""}`} aria-hidden="true" />
      {provider.isOnline ? "Online" : "Offline"}
      <span class="muted small">{provider.lastSeenAt ? <>seen <Ago at={provider.lastSeenAt} /></> : "never seen"}</span>
    </span>
  );
}
