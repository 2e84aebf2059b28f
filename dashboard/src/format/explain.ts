// What to make of the reason that the API gives for where a job stands: whose turn it is, and what they can do.

export interface Advice {
  // Whether it is out of the ordinary; what merely takes its time is not.
  isTrouble: boolean;
  turn: string;
  hint: string;
}

interface Rule {
  says: RegExp;
  advice: Advice;
}

const ordinary = (turn: string, hint: string): Advice => ({ isTrouble: false, turn, hint });
const trouble = (turn: string, hint: string): Advice => ({ isTrouble: true, turn, hint });

// The first that matches counts. The sentences are those of models/reason.py; a test asks each of them.
const RULES: Rule[] = [
  { says: /^assigned to nobody/, advice: trouble("nobody", "The contract knows no refund: the payment stays where it is.") },
  { says: /^the agent reported that it failed/, advice: trouble("an admin", "The renter still holds the payment back. An admin can have the job run once more.") },
  { says: /^done, says the agent/, advice: ordinary("the renter", "Look at the result, then confirm it on BSC: that releases the payment.") },
  { says: /^silent/, advice: trouble("the provider", "The agent began and went quiet. Its provider should look at the machine.") },
  { says: /^running/, advice: ordinary("the provider", "The agent is at work and reports when it is done.") },
  { says: /^waiting for its spec.*has paid/, advice: trouble("the renter", "Sign in with the wallet that created the job and say what to run.") },
  { says: /^waiting for its spec/, advice: ordinary("the renter", "Sign in with the wallet that created the job and say what to run.") },
  { says: /^waiting for finality/, advice: ordinary("BSC", "A matter of seconds: nothing is sent that a reorganisation could still undo.") },
  { says: /^waiting to be sent/, advice: ordinary("the network", "The reactor sends it within moments.") },
  { says: /^waiting for the agent/, advice: ordinary("the provider", "Sent again and again, ever more slowly, until the agent answers.") },
  { says: /^stalled/, advice: trouble("the provider", "The provider is there but its agent is not: it has to be started, or to sign in.") },
  { says: /^(the provider has never|provider offline)/, advice: trouble("the provider", "It goes on by itself as soon as the provider is back online.") },
  { says: /^the agent's login is barred/, advice: trouble("an operator", "An operator can admit the agent again.") },
  { says: /^confirmed/, advice: ordinary("the provider", "The payment is released: the provider can claim it on BSC at any time.") },
  { says: /^paid.*(failed|refuses)/, advice: trouble("an operator", "The payment is out; only the provider's reputation waits.") },
  { says: /^paid/, advice: ordinary("the network", "The payment is out; the provider's reputation follows on opBNB.") },
];

const UNKNOWN: Advice = ordinary("the network", "");

export function advise(reason: string): Advice {
  return RULES.find(({ says }) => says.test(reason))?.advice ?? UNKNOWN;
}
