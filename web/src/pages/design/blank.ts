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
