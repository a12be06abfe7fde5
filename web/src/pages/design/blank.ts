// What a new process begins with.
export function blankProcess(id: string, name: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="${id}-definitions" targetNamespace="https://lineshaft.example/${id}">
  <bpmn:process id="${id}" name="${escaped(name)}" isExecutable="true">
    <bpmn:startEvent id="start" name="开始 Start" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="${id}-diagram">
    <bpmndi:BPMNPlane id="${id}-plane" bpmnElement="${id}">
      <bpmndi:BPMNShape id="start-shape" bpmnElement="start">
        <dc:Bounds x="180" y="160" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
`;
}

/** What a manifest begins with that nothing is known for. */
export function blankManifest(name: string): string {
  return `# ${name}: an application that speaks HTTP. What it offers goes here.
format: 1
name: ${name}
label: {zh: ${name}, en: ${name}}
version: "1"
settings:
  base_url:
    label: {zh: 地址, en: Address}
auth: {kind: bearer, token: secret:${name}_token}
check: {path: /}
operations:
  # order.create:
  #   label: {zh: 新建订单, en: Create an order}
  #   method: POST
  #   path: /orders
  #   body: payload.order
  #   input: {order: context!}
  #   safety: {kind: none}
  #   number: answer.number
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (each) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[each] ?? each);
}

export type Kind = 'process' | 'mapping' | 'form' | 'decision';

/** What each kind of new file begins with, and where it stands. */
export const BLANK: Record<Kind, { path: (id: string) => string; text: (id: string, name: string, from: string, to: string) => string }> = {
  process: { path: (id) => `processes/${id}.bpmn`, text: blankProcess },
  mapping: { path: (id) => `mappings/${id}.yaml`, text: blankMapping },
  form: { path: (id) => `forms/${id}.form`, text: blankForm },
  decision: { path: (id) => `decisions/${id}.dmn`, text: blankDecision },
};

/** "订单 Order" in both languages; without two parts the same in both. */
function bothNames(name: string): { zh: string; en: string } {
  const found = /^(.*[\u3400-\u9fff]\S*)\s+(\S.*)$/u.exec(name.trim());
  return found ? { zh: found[1] ?? name, en: found[2] ?? name } : { zh: name, en: name };
}

function blankMapping(id: string, name: string, from: string, to: string): string {
  return `format: 1\nname: ${id}\nlabel: ${JSON.stringify(bothNames(name))}\nfrom: ${from}\nto: ${to}\nfields: {}\n`;
}

function blankForm(id: string, name: string): string {
  const components = [{ type: 'text', id: 'heading', text: `# ${name}` }];
  return `${JSON.stringify({ type: 'default', id, schemaVersion: 18, components }, null, 2)}\n`;
}

function blankDecision(id: string, name: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20230324/DMNDI/" xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" id="${id}-definitions" name="${escaped(name)}" namespace="https://lineshaft.example/${id}">
  <decision id="${id}" name="${id}">
    <variable id="${id}-variable" name="${id}" />
    <decisionTable id="${id}-table" hitPolicy="FIRST">
      <input id="${id}-input" label="输入 Input"><inputExpression id="${id}-expression"><text>input</text></inputExpression></input>
      <output id="${id}-output" name="answer" label="结果 Answer" />
      <rule id="${id}-rule"><inputEntry id="${id}-when"><text>-</text></inputEntry><outputEntry id="${id}-then"><text>null</text></outputEntry></rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="${id}-diagram">
      <dmndi:DMNShape id="${id}-shape" dmnElementRef="${id}"><dc:Bounds x="160" y="100" width="180" height="80" /></dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
`;
}
