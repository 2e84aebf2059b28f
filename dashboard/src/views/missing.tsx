import { Empty } from "../parts/states";
import { Page } from "../parts/page";

export function Missing() {
  return (
    <Page title="Nothing here" name="Not found">
      <Empty title="There is no such page"><a href="/">The overview</a> leads everywhere; search finds jobs, providers and transactions.</Empty>
    </Page>
  );
}
