export { DirectLink } from './direct-link.ts';
export { LogTrial, STEPS, type Step } from './log-trial.ts';
