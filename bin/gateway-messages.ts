/** IPC messages between `canopy serve` and its phone gateway process. */
import type { Config } from '../base/index.ts';
import type { FromChild, ToChild } from './child-supervisor.ts';

export type ToGateway = { type: 'start'; config: Config; url: string } | ToChild;

export type FromGateway = FromChild;
