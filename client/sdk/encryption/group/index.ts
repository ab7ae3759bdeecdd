/** A room's MLS group: membership and keys of end-to-end encryption. Loaded when a room is encrypted. */
export { CredentialJudge, type CredentialJudgeOptions, type MemberIdentity } from './credential-judge.ts';
export { GroupMember, type GroupMemberOptions, type OwnKeyPackage } from './group-member.ts';
export { GroupSession, type GroupSessionHost, type GroupSessionOptions } from './group-session.ts';
export { type OfferedEpoch, RoomGroup } from './room-group.ts';
