// Have a chain read again from a block on, and see how far that is.

import { useMutation } from "@urql/preact";
import { useEffect, useState } from "preact/hooks";

import { complaint } from "../../api/client";
import { useAsked } from "../../api/live";
import { CHAIN_NAMES, short } from "../../format/names";
import { grouped } from "../../format/amounts";
import { type Chain, ReindexDocument, ReindexesDocument, type ReindexesQuery } from "../../generated/graphql";
import { type Outcome, Told } from "../../parts/act";
import { Field } from "../../parts/field";
import { Card } from "../../parts/page";
import { Answered, Empty } from "../../parts/states";
import { Ago } from "../../parts/text";

type Reindex = ReindexesQuery["reindexes"][number];

const LOOK_MS = 1_500;

export function Reindexes() {
  const answer = useAsked(ReindexesDocument, {});
  const isUnderWay = answer.data?.reindexes.some(({ done }) => !done) ?? false;
  useEffect(() => {
    if (!isUnderWay) return undefined;
    const timer = setInterval(answer.again, LOOK_MS);
    return () => clearInterval(timer);
  }, [isUnderWay]);
  return (
    <Card title="Reindex">
      <p class="muted">Reads final blocks again and applies only what differs, in one go. Readers never see an empty table.</p>
      <ReindexForm then={answer.again} />
      <Answered answer={answer}>
        {({ reindexes }) => reindexes.length ? <ul class="requests">{reindexes.map((each) => <Row key={each.id} reindex={each} />)}</ul> : <Empty title="Nothing has been read again yet">What is asked for is listed here, with what it found.</Empty>}
      </Answered>
    </Card>
  );
}

function ReindexForm({ then }: { then: () => void }) {
  const [{ fetching }, reindex] = useMutation(ReindexDocument);
  const [outcome, setOutcome] = useState<Outcome>();
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const { error } = await reindex({ chain: form.get("chain") as Chain, fromBlock: Number(form.get("fromBlock")) });
    setOutcome(error ? { isGood: false, text: complaint(error) } : undefined);
    then();
  };
  return (
    <form class="filters" aria-label="Reindex" onSubmit={send}>
      <Field label="Chain">
        {(id) => <select id={id} name="chain"><option value="BSC">BSC</option><option value="OPBNB">opBNB</option></select>}
      </Field>
      <Field label="From block">
        {(id) => <input id={id} name="fromBlock" type="number" min={0} required />}
      </Field>
      <button class="button" disabled={fetching}>Reindex</button>
      <Told outcome={outcome} />
    </form>
  );
}

function Row({ reindex }: { reindex: Reindex }) {
  const { chain, fromBlock, toBlock, progress, done, missing, surplus, changed, reason, requestedBy, requestedAt } = reindex;
  const result = missing === null ? reason : missing + surplus! + changed! === 0 ? "nothing differed" : `${missing} missing, ${surplus} surplus, ${changed} changed: mended`;
  return (
    <li>
      <p>
        <strong>{CHAIN_NAMES[chain]}</strong> {grouped(fromBlock)}–{grouped(toBlock)}
        <span class="muted small">{short(requestedBy)}, <Ago at={requestedAt} /></span>
      </p>
      {done ? <p class="muted">{result}</p> : <progress value={progress} aria-label="Blocks read">{Math.round(100 * progress)} %</progress>}
    </li>
  );
}
