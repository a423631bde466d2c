import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FleetNode } from '../../model/types';
import { networkNamespace } from '../../naming';
import type { FleetContext } from './fleet-context';
import { escapeTemplate } from './helm';
import type { NodeReport } from './node-report';
import type { Format } from './selection';
import { renderNode } from './render-node';

/** Renders one node into its folder below `root`. */
export function writeNode(context: FleetContext, node: FleetNode, root: string, format: Format): NodeReport {
  const { files, report } = renderNode(context, node);
  const folder = join(root, node.cluster, networkNamespace(node.network), format === 'helm' ? 'templates' : '.', node.name);
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of files) writeFileSync(join(folder, name), format === 'helm' ? escapeTemplate(text) : text);
  return report;
}
