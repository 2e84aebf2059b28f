// Amounts as people read them. All of it is exact: wei never become floats.

const WEI_DIGITS = 18;
const SHOWN_DIGITS = 4;
const DUST_WEI = 10n ** 12n;
const MIB_IN_GIB = 1024n;

// "2466834493407485" → "0.002467": four digits that count, rounded half up; what is dust is told to be less than dust.
export function bnb(wei: string): string {
  const value = BigInt(wei);
  if (value > 0n && value < DUST_WEI) return `<${exactBnb(DUST_WEI.toString()).replace(" BNB", "")}`;
  const whole = value / 10n ** BigInt(WEI_DIGITS);
  const leadingZeros = whole > 0n ? 0 : WEI_DIGITS - (value === 0n ? WEI_DIGITS : value.toString().length);
  const decimals = whole >= 1000n ? 0 : whole > 0n ? SHOWN_DIGITS - 1 : Math.min(WEI_DIGITS, leadingZeros + SHOWN_DIGITS);
  const unit = 10n ** BigInt(WEI_DIGITS - decimals);
  const rounded = (value + unit / 2n) / unit;
  const scale = 10n ** BigInt(decimals);
  const fraction = (rounded % scale).toString().padStart(decimals, "0").replace(/0+$/, "");
  return grouped(rounded / scale) + (decimals > 0 && fraction ? `.${fraction}` : "");
}

// The same without rounding, for who wants to know.
export function exactBnb(wei: string): string {
  const digits = wei.padStart(WEI_DIGITS + 1, "0");
  const fraction = digits.slice(-WEI_DIGITS).replace(/0+$/, "");
  return `${digits.slice(0, -WEI_DIGITS)}${fraction ? `.${fraction}` : ""} BNB`;
}

// Coins as a number, for charts alone, where a pixel is less exact than a float.
export function coins(wei: string): number {
  return Number(BigInt(wei) / 10n ** 9n) / 1e9;
}

// Memory of GPUs: "24564" MiB → "24 GB", as they are sold; from 1,024 GB on in TB.
export function vram(mebibytes: string | number): string {
  const gibibytes = (BigInt(mebibytes) + MIB_IN_GIB / 2n) / MIB_IN_GIB;
  if (gibibytes < 1024n) return `${grouped(gibibytes)} GB`;
  const tenths = (gibibytes * 10n + 512n) / 1024n;
  return `${grouped(tenths / 10n)}.${tenths % 10n} TB`;
}

export function grouped(value: bigint | number): string {
  return value.toLocaleString("en-US");
}

// 0.9973 → "99.7 %": never rounded up to all of it.
export function percent(share: number): string {
  return share === 1 ? "100 %" : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
