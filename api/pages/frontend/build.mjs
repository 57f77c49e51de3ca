// Bundle the front end into api/static/dist: hashed names, a manifest that says which is which, and every licence beside it.
import * as esbuild from 'esbuild';
import {cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';

const out = process.argv[2];
rmSync(out, {recursive: true, force: true});
mkdirSync(join(out, 'licenses'), {recursive: true});

const result = await esbuild.build({
  entryPoints: {app: 'src/app.js', docs: 'src/docs.js', style: 'css/style.css', dark: 'css/tokens-dark.css', 'docs-style': 'css/docs.css', icon: 'icon.svg'},
  bundle: true, minify: true, splitting: true, format: 'esm', target: ['es2020', 'chrome86'],
  outdir: out, entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', legalComments: 'linked', charset: 'utf8', metafile: true, logLimit: 5,
  loader: {'.svg': 'copy'},
});

const manifest = {};
for (const [path, meta] of Object.entries(result.metafile.outputs)) {
  if (!meta.entryPoint) continue;
  const file = basename(path);
  manifest[file.replace(/-[A-Z0-9]{8}(\.\w+)$/, '$1')] = file;
}
writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest, null, 1) + '\n');

for (const name of ['echarts', 'zrender', 'tslib', 'htmx.org', 'swagger-ui-dist']) {
  const from = join('node_modules', name);
  for (const file of readdirSync(from).filter(file => /licen[cs]e|notice|copyright/i.test(file) && statSync(join(from, file)).isFile())) {
    cpSync(join(from, file), join(out, 'licenses', `${name}-${basename(file)}`));
  }
  if (existsSync(join(from, 'licenses'))) cpSync(join(from, 'licenses'), join(out, 'licenses', `${name}-licenses`), {recursive: true});
}
