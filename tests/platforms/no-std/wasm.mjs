// Runs the scripts as WebAssembly: node tests/platforms/no-std/wasm.mjs FILE
import { readFileSync, writeSync } from 'node:fs';

const host = {
    write: (file, from, length) => writeSync(file, new Uint8Array(exports.memory.buffer, from, length)),
    abort: () => process.exit(101),
};
const { exports } = (await WebAssembly.instantiate(readFileSync(process.argv[2]), { host })).instance;
process.exit(exports.main());
