// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A wallet that is a contract (ERC-1271), with an owner who signs for it.
/// @notice For tests of sign-in only: it also plays the wallets that somebody would build to hurt whoever asks them.
contract SmartWallet {
    enum Manner {
        Honest,
        AlwaysYes,
        BurnsGas,
        SendsElsewhere,
        Shouts
    }

    bytes4 private constant YES = 0x1626ba7e;
    bytes4 private constant NO = 0xffffffff;

    address public immutable owner;
    Manner public immutable manner;

    error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callbackFunction, bytes extraData);

    constructor(address owner_, Manner manner_) {
        owner = owner_;
        manner = manner_;
    }

    /// @notice Say whether the owner signed the hash, or whatever the wallet's manner says instead.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (manner == Manner.AlwaysYes) return YES;
        if (manner == Manner.BurnsGas) while (true) {}
        if (manner == Manner.SendsElsewhere) {
            string[] memory urls = new string[](1);
            urls[0] = string(signature);
            revert OffchainLookup(address(this), urls, "", this.isValidSignature.selector, "");
        }
        if (manner == Manner.Shouts) {
            assembly {
                return(0, 200000)
            }
        }
        (address signer, ECDSA.RecoverError wrong, ) = ECDSA.tryRecover(hash, signature);
        return wrong == ECDSA.RecoverError.NoError && signer == owner ? YES : NO;
    }
}
