// Sign in with a browser's wallet (EIP-1193): it signs a message of Sign-In with Ethereum (EIP-4361) with our nonce.

const CHAINS = "{ chains { chainId } }";
const NONCE = "mutation { signInNonce }";
const SIGN_IN = `mutation ($message: String!, $signature: String!) {
  signIn(message: $message, signature: $signature) { token expiresAt account { address isAdmin } }
}`;
const VALID_MS = 10 * 60 * 1000;

// `ask` sends a document with variables and returns its data; `site` is where the person is: its domain and URI.
export async function signIn({ ask, ...rest }) {
  return (await ask(SIGN_IN, await signedMessage({ ask, ...rest }))).signIn;
}

// Returns what to hand in to be signed in: the message, and the wallet's signature of it.
export async function signedMessage({ wallet, ask, site, keccak256 }) {
  const [account] = await wallet.request({ method: "eth_requestAccounts" });
  const chainId = await chainToName(wallet, ask);
  const { signInNonce: nonce } = await ask(NONCE);
  const address = checksummed(account, keccak256);
  const message = written({ ...site, address, chainId, nonce, now: new Date() });
  const signature = await wallet.request({ method: "personal_sign", params: [hex(encoded(message)), address] });
  return { message, signature };
}

// The form that EIP-55 gives an address, which the message must have it in; wallets return lower case.
export function checksummed(account, keccak256) {
  const digits = account.slice(2).toLowerCase();
  const hash = hex(keccak256(encoded(digits))).slice(2);
  return "0x" + [...digits].map((digit, i) => (parseInt(hash[i], 16) > 7 ? digit.toUpperCase() : digit)).join("");
}

// The wallet's own chain where it is one of ours, else the first of ours: signing needs no particular one.
async function chainToName(wallet, ask) {
  const own = Number(await wallet.request({ method: "eth_chainId" }));
  const ours = (await ask(CHAINS)).chains.map(({ chainId }) => chainId);
  return ours.includes(own) || ours.length === 0 ? own : ours[0];
}

function written({ domain, uri, address, chainId, nonce, now }) {
  return [
    `${domain} wants you to sign in with your Ethereum account:`,
    address,
    "",
    "Sign in to Lamda.",
    "",
    `URI: ${uri}`,
    "Version: 1",
    `Chain ID: ${chainId}`,
    `Nonce: ${nonce}`,
    `Issued At: ${now.toISOString()}`,
    `Expiration Time: ${new Date(now.getTime() + VALID_MS).toISOString()}`,
  ].join("\n");
}

const encoded = (text) => new TextEncoder().encode(text);
const hex = (bytes) => "0x" + [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
