// In place of the editor of templated texts (feelers), which the panel of a BPMN element never opens: it brings
// the grammars of Markdown and HTML with it.
export class FeelersEditor {
  constructor() {
    throw new Error('Templated texts are not edited here.');
  }
}
