import { describe, expect, test } from "vitest";

import { bnb, coins, exactBnb, percent, vram } from "../src/format/amounts";
import { finalityReached, inOrder, strand, title } from "../src/format/events";
import { merged, type Row, withChange } from "../src/format/feed";
import { asInterval, intervalFor } from "../src/format/intervals";
import { explorerLink, gpuName, short, word } from "../src/format/names";
import { progress } from "../src/format/steps";
import { ago, gap, span } from "../src/format/times";

describe("amounts", () => {
  test.each([
    ["0", "0"],
    ["1", "<0.000001"],
    ["2466834493407485", "0.002467"],
    ["1000000000000000000", "1"],
    ["1234567890000000000", "1.235"],
    ["999999999999999999", "1"],
    ["123456000000000000000000", "123,456"],
    [(2n ** 256n - 1n).toString(), "115,792,089,237,316,195,423,570,985,008,687,907,853,269,984,665,640,564,039,458"],
  ])("%s wei are %s BNB", (wei, shown) => expect(bnb(wei)).toBe(shown));

  test("nothing is lost where it is exact", () => expect(exactBnb("1000000000000000001")).toBe("1.000000000000000001 BNB"));
  test("charts get numbers", () => expect(coins("2500000000000000000")).toBe(2.5));
  test.each([[24564, "24 GB"], ["1048576", "1.0 TB"], ["0", "0 GB"]])("%s MiB are %s", (mib, shown) => expect(vram(mib)).toBe(shown));
  test("almost all is not all", () => expect([percent(0.99999), percent(1)]).toEqual(["99.9 %", "100 %"]));
});

describe("times", () => {
  test.each([[40, "40 ms"], [4_000, "4 s"], [72_000, "1 min 12 s"], [11 * 60_000 + 5_000, "11 min"], [90_000_000, "1 d 1 h"]])("%s ms are %s", (given, shown) =>
    expect(span(given)).toBe(shown));
  test("a chain's clock may be ahead of ours", () => expect(ago("2026-01-01T00:00:05Z", Date.parse("2026-01-01T00:00:00Z"))).toBe("just now"));
  test("steps that come together are at once", () => expect(gap("2026-01-01T00:00:01Z", "2026-01-01T00:00:00Z")).toBe("at once"));
  test("blocks are told to the tenth", () => expect(gap("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.45Z")).toBe("+0.5 s"));
});

describe("names", () => {
  test("what is long is cut in the middle", () => expect(short(`0x${"ab".repeat(32)}`)).toBe("0xabab…abab"));
  test("a link needs an explorer", () =>
    expect([explorerLink(null, "tx", "0x1"), explorerLink("https://e.example/", "tx", "0x1")]).toEqual([null, "https://e.example/tx/0x1"]));
  test("makers are left out", () => expect(["NVIDIA GeForce RTX 4090", "NVIDIA L4", "MI300X", ""].map(gpuName)).toEqual(["RTX 4090", "L4", "MI300X", "Unknown GPU"]));
  test("constants are words", () => expect(word("CREATED")).toBe("Created"));
});

describe("a job's way", () => {
  test("money goes before work", () => expect(progress("FAILED", "CONFIRMED").label).toBe("Confirmed"));
  test("a failure is where it ran", () => expect(progress("FAILED", "HELD")).toEqual({ reached: 3, label: "Failed", tone: "bad" }));
  test("what a block holds comes at the end of its second", () => {
    const mined = { at: "2026-01-01T00:00:01Z", source: {} };
    const sent = { at: "2026-01-01T00:00:01.5Z", source: null };
    expect(inOrder([mined, sent])).toEqual([sent, mined]);
  });
  test("what is open is asked for again when its chain is final so far", () => {
    const at = (number: number, final: boolean) => ({ source: { block: { chain: "OPBNB" as const, number, final } } });
    const chains = [{ chain: "BSC", finalized: 9 }, { chain: "OPBNB", finalized: 7 }];
    expect(finalityReached([at(7, false), at(3, true)], chains)).toBe("OPBNB 7");
    expect(finalityReached([at(8, false), at(3, true), { source: null }], chains)).toBe("");
  });
  test("unknown steps are told as they are", () => expect([title("new thing"), strand(null)]).toEqual(["New thing", "OFFCHAIN"]));
});

describe("the feed", () => {
  const row = (jobId: string, updatedAt: string) => ({ job: { jobId, updatedAt } }) as Row;
  const old = row("a", "2026-01-01T00:00:00Z");
  const young = row("b", "2026-01-02T00:00:00Z");

  test("a change moves its job to the top, once", () => {
    const moved = row("a", "2026-01-03T00:00:00Z");
    expect(withChange([young, old], { kind: "UPDATED", jobId: "a", byReorg: false, job: moved.job }, 5)).toEqual([moved, young]);
  });
  test("what a reorg took back stays, marked", () =>
    expect(withChange([young, old], { kind: "REMOVED", jobId: "a", byReorg: true, job: null }, 5)).toEqual([young, { ...old, isTakenBack: true }]));
  test("a list that was read while something changed does not undo the change", () => {
    const stale = row("b", "2026-01-01T12:00:00Z");
    expect(merged([young], [old.job, stale.job], 5)).toEqual([young, old]);
  });
});

describe("intervals", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  test.each([[undefined, "MINUTE"], ["2026-03-10T10:00:00Z", "MINUTE"], ["2026-03-10T08:00:00Z", "HOUR"], ["2026-03-08T13:00:00Z", "HOUR"], ["2026-03-08T11:00:00Z", "DAY"], ["2024-01-01T00:00:00Z", "DAY"]])(
    "a history from %s on opens on %s", (first, interval) => expect(intervalFor(first, now)).toBe(interval));
  test.each([["WEEK", "WEEK"], ["YEAR", undefined], [null, undefined]])("what was kept as %s is chosen as %s", (kept, chosen) => expect(asInterval(kept)).toBe(chosen));
});
