// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

/// @title Register of GPU providers: who they are, when they were last seen, how many jobs they finished.
/// @notice Has the public interface of the deployed contract. Its body is ours, for local chains and tests.
contract NodeReputation is Ownable {
    struct ProviderInfo {
        string gpuModel;
        uint256 vram;
        uint256 lastSeen;
        bool isRegistered;
    }

    uint256 private constant ACTIVE_FOR = 12 minutes;

    mapping(address => ProviderInfo) public providers;
    mapping(address => uint256) public successfulJobsCount;
    address[] private registered;

    event NodeRegistered(address indexed provider, string gpuModel, uint256 vram);
    event NodeHeartbeat(address indexed provider, uint256 timestamp);
    event JobCountIncremented(address indexed provider, uint256 newCount);

    constructor() Ownable(msg.sender) {}

    /// @notice Register the caller, or replace what was registered before. VRAM is in MiB.
    function registerNode(string calldata gpuModel, uint256 vram) external {
        if (!providers[msg.sender].isRegistered) {
            registered.push(msg.sender);
        }
        providers[msg.sender] = ProviderInfo(gpuModel, vram, block.timestamp, true);
        emit NodeRegistered(msg.sender, gpuModel, vram);
    }

    function sendHeartbeat() external {
        require(providers[msg.sender].isRegistered, "NodeReputation: caller is not registered");
        providers[msg.sender].lastSeen = block.timestamp;
        emit NodeHeartbeat(msg.sender, block.timestamp);
    }

    /// @notice Credit one finished job. The chain cannot tell a repeat from a new job: the owner must.
    function incrementJobs(address provider) external onlyOwner {
        successfulJobsCount[provider] += 1;
        emit JobCountIncremented(provider, successfulJobsCount[provider]);
    }

    function getProviderInfo(
        address provider
    ) external view returns (ProviderInfo memory providerInfo, uint256 jobCount) {
        return (providers[provider], successfulJobsCount[provider]);
    }

    function isProviderActive(address provider) public view returns (bool) {
        ProviderInfo storage info = providers[provider];
        return info.isRegistered && info.lastSeen + ACTIVE_FOR >= block.timestamp;
    }

    function getActiveProvidersCount() external view returns (uint256 count) {
        for (uint256 i = 0; i < registered.length; i++) {
            if (isProviderActive(registered[i])) {
                count += 1;
            }
        }
    }

    function totalProviders() external view returns (uint256) {
        return registered.length;
    }
}
