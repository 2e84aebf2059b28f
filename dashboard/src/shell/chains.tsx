// Where our copies of the two chains stand, for whoever below wants to know.

import { createContext } from "preact";
import { useContext } from "preact/hooks";

import { useWatched } from "../api/live";
import { type Chain, ChainsDocument, type ChainRowFragment } from "../generated/graphql";

export const ChainsContext = createContext<ChainRowFragment[] | undefined>(undefined);

export function useChainRows(): ChainRowFragment[] | undefined {
  return useWatched(ChainsDocument)?.chains;
}

export function useChains(): ChainRowFragment[] | undefined {
  return useContext(ChainsContext);
}

export function useExplorer(chain: Chain): string | null | undefined {
  return useChains()?.find((each) => each.chain === chain)?.explorerUrl;
}
