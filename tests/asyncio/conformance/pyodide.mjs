// A Python of the npm package pyodide, which is CPython in WebAssembly, as far as the oracle needs
// one: node pyodide.mjs PYODIDE SCRIPT ARGUMENT...
//
// PYODIDE is the path of the package's pyodide.mjs. The scripts beside SCRIPT can be imported.
// Standard input is read to its end first, and standard output is written when the script has ended.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [pyodide, script, ...rest] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(path.resolve(pyodide)).href);
const python = await loadPyodide();
const directory = path.dirname(path.resolve(script));
for (const file of fs.readdirSync(directory).filter((name) => name.endsWith(".py"))) {
  python.FS.writeFile(file, fs.readFileSync(path.join(directory, file)));
}
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const input = Buffer.concat(chunks).toString();
python.globals.set("given", python.toPy([path.basename(script), input, rest]));
const [status, output] = python
  .runPython(
    `
import contextlib, io, runpy, sys
script, text, arguments = given
sys.argv, sys.stdin, output, status = [script, *arguments], io.StringIO(text), io.StringIO(), 0
sys.path.insert(0, "")
with contextlib.redirect_stdout(output):
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        status = end.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
(status, output.getvalue())
`,
  )
  .toJs();
process.stdout.write(output);
process.exitCode = status;
