export { DirectLink } from './direct-link.ts';
export { DirectPerson } from './direct-person.ts';
export { LogTrial, STEPS, type Step } from './log-trial.ts';
export { TestKernel } from './test-kernel.ts';
