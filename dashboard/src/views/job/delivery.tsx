// How the job reached its provider's agent, and how its credit reaches opBNB.

import { word } from "../../format/names";
import { Card } from "../../parts/page";
import { Ago, Lookup } from "../../parts/text";
import type { Job } from "../job_page";

export function Delivery({ job: { dispatch, credit } }: { job: Job }) {
  if (!dispatch && !credit) return null;
  return (
    <Card title="Delivery and credit">
      <dl class="pairs">
        {dispatch && (
          <>
            <dt>Sent</dt>
            <dd><span>{dispatch.attempts === 1 ? "once" : `${dispatch.attempts} times`}{dispatch.lastSentAt && <>, last <Ago at={dispatch.lastSentAt} /></>}</span></dd>
            <dt>Answered</dt>
            <dd>{dispatch.acknowledgedAt ? <Ago at={dispatch.acknowledgedAt} /> : dispatch.stalled ? "not for two minutes" : "not yet"}</dd>
          </>
        )}
        {credit && (
          <>
            <dt>Credit</dt>
            <dd>{word(credit.status)}{credit.nonce !== null && <span class="muted small">nonce {credit.nonce}</span>}</dd>
          </>
        )}
        {credit?.transactionHash && (
          <>
            <dt>Credited in</dt>
            <dd><Lookup chain="OPBNB" kind="tx" text={credit.transactionHash} what="transaction" /></dd>
          </>
        )}
      </dl>
    </Card>
  );
}
