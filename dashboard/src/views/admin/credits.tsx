// Have no more credits signed, or have signers go on; says which of both it is now, and who had it so.

import { useAsked } from "../../api/live";
import { CreditsPausedDocument, PauseCreditsDocument } from "../../generated/graphql";
import { Act } from "../../parts/act";
import { Card } from "../../parts/page";
import { Answered } from "../../parts/states";

export function Credits() {
  const answer = useAsked(CreditsPausedDocument, {});
  return (
    <Card title="Credits">
      <p class="muted">Paused, signers sign nothing new. What is signed already goes on.</p>
      <Answered answer={answer}>
        {({ creditsPausedReason }) => (
          <>
            <p class="chain-name">
              <span class={`dot ${creditsPausedReason === null ? "good" : "warn"}`} aria-hidden="true" />
              <span>{creditsPausedReason === null ? "Signers go on." : `No credits are signed: ${creditsPausedReason}.`}</span>
            </p>
            <p class="buttons">
              {creditsPausedReason === null ? (
                <Act key="credits" document={PauseCreditsDocument} variables={{ paused: true }} name="Pause credits" done="Credits are paused." then={answer.again} />
              ) : (
                <Act key="credits" document={PauseCreditsDocument} variables={{ paused: false }} name="Go on with credits" done="Credits go on." then={answer.again} />
              )}
            </p>
          </>
        )}
      </Answered>
    </Card>
  );
}
