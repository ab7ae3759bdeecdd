/** The certificate library, which needs reflect-metadata loaded first. We only build with it; contract/x509/path.ts validates. */
import 'reflect-metadata';

export * from '@peculiar/x509';
