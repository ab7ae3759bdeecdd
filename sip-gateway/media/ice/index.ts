/** ICE of phones (RFC 8445): lite towards phones that check, controlling towards phones that are ICE-lite. */
export { IceAgent } from './ice-agent.ts';
export type { IceCandidate, IceComponent, IceParameters } from './ice-types.ts';
