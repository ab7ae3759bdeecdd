/** The certificate library, which needs reflect-metadata to be there first. Used to build; validation is ours, see path.ts. */
import 'reflect-metadata';

export * from '@peculiar/x509';
