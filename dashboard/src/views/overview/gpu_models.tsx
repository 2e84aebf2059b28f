// Which GPUs there are, and how many of them are online.

import { vram } from "../../format/amounts";
import { gpuName } from "../../format/names";
import type { ProviderStatsSubscription } from "../../generated/graphql";
import { Empty } from "../../parts/states";

const SHOWN = 5;

export function GpuModels({ models }: { models: ProviderStatsSubscription["providerStats"]["gpuModels"] }) {
  if (models.length === 0) return <Empty title="No provider yet">A provider appears once it has registered on opBNB.</Empty>;
  const most = Math.max(...models.map(({ total }) => total));
  return (
    <ul class="bars">
      {models.slice(0, SHOWN).map(({ gpuModel, total, online, vramMib }) => (
        <li key={gpuModel}>
          <a href={`/providers?gpu=${encodeURIComponent(gpuModel)}`}>{gpuName(gpuModel)}</a>
          <span class="muted small">{online} of {total} online · {vram(vramMib)}</span>
          <span class="bar" aria-hidden="true">
            <span class="bar-total" style={{ width: `${(100 * total) / most}%` }} />
            <span class="bar-online" style={{ width: `${(100 * online) / most}%` }} />
          </span>
        </li>
      ))}
    </ul>
  );
}
