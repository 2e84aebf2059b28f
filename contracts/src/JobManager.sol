// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

/// @title Escrow for GPU jobs: a renter pays, confirms the result, and the named provider claims.
/// @notice Has the public interface of the deployed contract. Its body is ours, for local chains and tests.
/// There is no owner, no cancel, no refund and no dispute.
contract JobManager is ReentrancyGuard {
    enum Status {
        None,
        Created,
        Confirmed,
        Claimed
    }

    struct Job {
        bytes32 jobId;
        address renter;
        address provider;
        uint256 payment;
        Status status;
        uint256 createdAt;
        uint256 confirmedAt;
    }

    mapping(bytes32 => Job) public jobs;
    uint256 public totalJobsCreated;
    uint256 public totalJobsCompleted;
    uint256 public totalEscrowAmount;

    event JobCreated(bytes32 indexed jobId, address indexed renter, address indexed provider, uint256 payment);
    event JobConfirmed(bytes32 indexed jobId, uint256 confirmedAt);
    event PaymentClaimed(bytes32 indexed jobId, address indexed provider, uint256 amount);

    /// @notice Open a job and put its payment in escrow. The zero provider is let through and means nobody.
    function createJob(bytes32 jobId, address providerAddress) external payable nonReentrant {
        require(msg.value > 0, "JobManager: payment is zero");
        require(jobs[jobId].status == Status.None, "JobManager: job id is taken");
        jobs[jobId] = Job(jobId, msg.sender, providerAddress, msg.value, Status.Created, block.timestamp, 0);
        totalJobsCreated += 1;
        totalEscrowAmount += msg.value;
        emit JobCreated(jobId, msg.sender, providerAddress, msg.value);
    }

    /// @notice Accept the result. Only the renter may, and only once.
    function confirmResult(bytes32 jobId) external nonReentrant {
        Job storage job = jobs[jobId];
        require(job.status == Status.Created, "JobManager: job is not open");
        require(job.renter == msg.sender, "JobManager: caller is not the renter");
        job.status = Status.Confirmed;
        job.confirmedAt = block.timestamp;
        totalJobsCompleted += 1;
        emit JobConfirmed(jobId, block.timestamp);
    }

    /// @notice Pay out a confirmed job. Only its provider may, and only once.
    function claimReward(bytes32 jobId) external nonReentrant {
        Job storage job = jobs[jobId];
        require(job.status == Status.Confirmed, "JobManager: job is not confirmed");
        require(job.provider == msg.sender, "JobManager: caller is not the provider");
        job.status = Status.Claimed;
        totalEscrowAmount -= job.payment;
        emit PaymentClaimed(jobId, msg.sender, job.payment);
        (bool paid, ) = msg.sender.call{value: job.payment}("");
        require(paid, "JobManager: payment was not accepted");
    }

    function getJobInfo(bytes32 jobId) external view returns (Job memory) {
        return jobs[jobId];
    }

    function isJobInStatus(bytes32 jobId, Status status) external view returns (bool) {
        return jobs[jobId].status == status;
    }

    function getJobStatistics() external view returns (uint256 created, uint256 completed, uint256 escrowAmount) {
        return (totalJobsCreated, totalJobsCompleted, totalEscrowAmount);
    }

    function getTotalEscrowAmount() external view returns (uint256) {
        return totalEscrowAmount;
    }
}
