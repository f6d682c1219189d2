// Reads PromQL with the grammar of Prometheus itself: what a query selects, and by which labels it groups.
import { parser } from '@prometheus-io/lezer-promql';

type SyntaxNode = ReturnType<typeof parser.parse>['topNode'];

/** Series that a query selects, and the labels by which those around it ask for them. */
export interface Selection {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
  /** Of every aggregation around it. */
  readonly groupedBy: readonly string[];
}

/** One query. */
export interface Query {
  readonly selections: readonly Selection[];
  /** The labels that its results have; `undefined`: those of the series. */
  readonly results: readonly string[] | undefined;
  /** What is given to `histogram_quantile`: the labels by which it is grouped. */
  readonly quantilesOf: readonly (readonly string[])[];
}

/** @throws Error for what is not PromQL, or a kind of it that is not read here. Grafana's own variables stand for durations and for parts of texts. */
export function parseQuery(expr: string): Query {
  const text = expr.replaceAll('$__rate_interval', '1m');
  const selections: Selection[] = [];
  const quantilesOf: (readonly string[])[] = [];
  const at = ({ from, to }: SyntaxNode): string => text.slice(from, to);
  const under = (node: SyntaxNode, name: string): SyntaxNode[] => {
    const found: SyntaxNode[] = [];
    node.cursor().iterate(({ name: its, node: one }) => {
      if (its === name) found.push(one);
    });
    return found;
  };

  const read = (node: SyntaxNode, groupedBy: readonly string[]): readonly string[] | undefined => {
    switch (node.name) {
      case 'BinaryExpr': {
        const [left, right] = [node.firstChild!, node.lastChild!].map((side) => read(side, groupedBy));
        if (String(left) !== String(right)) throw new Error(`its sides have other labels: ${expr}`);
        return left;
      }
      case 'AggregateExpr': {
        const [modifier, body] = [node.getChild('AggregateModifier'), node.getChild('FunctionCallBody')];
        if (modifier?.getChild('By') == null) throw new Error(`aggregates by nothing: ${expr}`);
        const labels = under(modifier, 'LabelName').map(at);
        read(body!.lastChild!, [...groupedBy, ...labels]);
        return labels;
      }
      case 'FunctionCall': {
        const argument = node.getChild('FunctionCallBody')!.lastChild!;
        const labels = read(argument, groupedBy);
        if (at(node.firstChild!) !== 'histogram_quantile') return labels;
        quantilesOf.push(labels ?? []);
        return labels?.filter((label) => label !== 'le');
      }
      case 'MatrixSelector':
        return read(node.firstChild!, groupedBy);
      case 'VectorSelector':
        selections.push({ ...selected(node), groupedBy });
        return undefined;
      default:
        throw new Error(`${node.name} is not read here: ${expr}`);
    }
  };
  const selected = (node: SyntaxNode): Omit<Selection, 'groupedBy'> => ({
    metric: at(node.firstChild!),
    matchers: under(node, 'UnquotedLabelMatcher').map((matcher) => {
      const [label, operator, value] = ['LabelName', 'MatchOp', 'StringLiteral'].map((name) =>
        at(matcher.getChild(name)!),
      );
      return { label: label!, operator: operator!, value: JSON.parse(value!) };
    }),
  });

  const tree = parser.parse(text);
  tree.iterate({
    enter({ type, from }) {
      if (type.isError) throw new Error(`not PromQL at ${from}: ${expr}`);
    },
  });
  const results = read(tree.topNode.firstChild!, []);
  return { selections, results, quantilesOf };
}
