import { installLlama } from './install.ts';

installLlama();
