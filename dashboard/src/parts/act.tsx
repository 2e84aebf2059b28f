// A button that does something once and says how it went.

import type { DocumentInput } from "@urql/core";
import { type AnyVariables, useMutation } from "@urql/preact";
import { useState } from "preact/hooks";

import { complaint } from "../api/client";

interface Act<Data, Given extends AnyVariables> {
  document: DocumentInput<Data, Given>;
  variables: Given;
  name: string;
  done: string;
  then?: () => void;
}

export function Act<Data, Given extends AnyVariables>({ document, variables, name, done, then }: Act<Data, Given>) {
  const [{ fetching }, mutate] = useMutation(document);
  const [outcome, setOutcome] = useState<Outcome>();
  const act = async () => {
    const { error } = await mutate(variables);
    setOutcome(error ? { isGood: false, text: complaint(error) } : { isGood: true, text: done });
    then?.();
  };
  return (
    <span class="act">
      <button type="button" class="button quiet" disabled={fetching} onClick={act}>{name}</button>
      <Told outcome={outcome} />
    </span>
  );
}

export interface Outcome {
  isGood: boolean;
  text: string;
}

export function Told({ outcome }: { outcome: Outcome | undefined }) {
  return <span role="status" class={outcome?.isGood ? "told good" : "told bad"}>{outcome?.text}</span>;
}
