/** A room's group, for tests of other folders: it is no part of the SDK's face, so that pages load it late. */
// biome-ignore lint/plugin: see above
export * from '../../client/sdk/encryption/group/index.ts';
