/**
 * What the single executable begins with (`npm run compile`). Its bundler lets a module that is loaded late run before what it
 * imports for effect alone, and `@peculiar/x509` needs this one before itself.
 */
import 'reflect-metadata';
import './main.ts';
