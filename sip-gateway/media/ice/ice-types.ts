/** Component of a media stream: 1 is RTP (and RTCP with rtcp-mux), 2 is RTCP. */
export type IceComponent = 1 | 2;

/** An address of the phone. */
export interface IceCandidate {
  component: IceComponent;
  priority: number;
  address: string;
  port: number;
}

/** What an offer and answer agree on about ICE. Plain data, because it is posted to the media thread. */
export interface IceParameters {
  /** Our user name fragment and password. */
  usernameFragment: string;
  password: string;
  remoteUsernameFragment: string;
  remotePassword: string;
  /** The phone is ICE-lite, so we check its candidates and nominate one. Otherwise we are lite: the phone does that. */
  controlling: boolean;
  /** The phone's candidates. */
  candidates: readonly IceCandidate[];
}
