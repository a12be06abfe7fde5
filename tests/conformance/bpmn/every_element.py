# ruff: noqa: E501  (models read best with an element to a line)
"""A file with every element of the interchange schema, as one modeller or another writes them."""

EVERY_ELEMENT = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- a file of several processes -->
<semantic:definitions xmlns:semantic="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  xmlns:tns="urn:every" xmlns:other="urn:other" xmlns:v="urn:vendor" xmlns:unused="urn:unused"
  id="defs" name="every &amp; all" targetNamespace="urn:every" exporter="Made by hand" exporterVersion="1.0" v:flag="&#10;x"
  expressionLanguage="http://www.w3.org/1999/XPath" typeLanguage="http://www.w3.org/2001/XMLSchema">
 <semantic:import importType="http://www.w3.org/2001/XMLSchema" location="order.xsd" namespace="urn:other"/>
 <semantic:extension mustUnderstand="false" definition="v:ext"><semantic:documentation>known to some</semantic:documentation></semantic:extension>
 <semantic:itemDefinition id="item" structureRef="other:Order" itemKind="Information" isCollection="false"/>
 <semantic:message id="msg" name="Order" itemRef="tns:item"/>
 <semantic:message id="msg2" name="Answer"/>
 <semantic:signal id="sig" name="Bell" structureRef="tns:item"/>
 <semantic:error id="err" name="Wrong" errorCode="W" structureRef="tns:item"/>
 <semantic:escalation id="esc" name="Late" escalationCode="L"/>
 <semantic:dataStore id="store" name="ERP" capacity="10" isUnlimited="false" itemSubjectRef="tns:item"><semantic:dataState name="kept"/></semantic:dataStore>
 <semantic:resource id="res" name="Planner"><semantic:resourceParameter id="resp" name="shift" type="xsd:string" isRequired="true"/></semantic:resource>
 <semantic:interface id="int" name="ERP" implementationRef="other:port"><semantic:operation id="op" name="create" implementationRef="other:create"><semantic:inMessageRef>tns:msg</semantic:inMessageRef><semantic:outMessageRef>msg2</semantic:outMessageRef><semantic:errorRef>err</semantic:errorRef></semantic:operation></semantic:interface>
 <semantic:endPoint id="ep"/>
 <semantic:partnerEntity id="pe" name="Factory 1"><semantic:participantRef>buyer</semantic:participantRef></semantic:partnerEntity>
 <semantic:partnerRole id="pr" name="Buyer"><semantic:participantRef>buyer</semantic:participantRef></semantic:partnerRole>
 <semantic:category id="cat" name="phase"><semantic:categoryValue id="catv" value="plan"/></semantic:category>
 <semantic:correlationProperty id="cp" name="number" type="xsd:string"><semantic:correlationPropertyRetrievalExpression messageRef="tns:msg"><semantic:messagePath xsi:type="semantic:tFormalExpression" language="feel" evaluatesToTypeRef="xsd:string">number</semantic:messagePath></semantic:correlationPropertyRetrievalExpression></semantic:correlationProperty>
 <semantic:signalEventDefinition id="sigdef" signalRef="tns:sig"/>
 <semantic:globalTask id="gt" name="any"><semantic:supportedInterfaceRef>int</semantic:supportedInterfaceRef></semantic:globalTask>
 <semantic:globalUserTask id="gut" implementation="##unspecified"><semantic:ioSpecification><semantic:inputSet/><semantic:outputSet/></semantic:ioSpecification><semantic:ioBinding operationRef="op" inputDataRef="is" outputDataRef="os"/><semantic:potentialOwner><semantic:resourceRef>res</semantic:resourceRef><semantic:resourceParameterBinding parameterRef="resp"><semantic:formalExpression>"early"</semantic:formalExpression></semantic:resourceParameterBinding></semantic:potentialOwner><semantic:rendering id="ren0"/></semantic:globalUserTask>
 <semantic:globalManualTask id="gmt"/>
 <semantic:globalScriptTask id="gst" scriptLanguage="feel"><semantic:script><![CDATA[{x: 1 < 2}]]></semantic:script></semantic:globalScriptTask>
 <semantic:globalBusinessRuleTask id="gbt" implementation="##unspecified"/>
 <semantic:collaboration id="col" name="all" isClosed="false">
  <semantic:participant id="buyer" name="Buyer"><semantic:interfaceRef>int</semantic:interfaceRef><semantic:endPointRef>ep</semantic:endPointRef><semantic:participantMultiplicity minimum="1" maximum="3"/></semantic:participant>
  <semantic:participant id="plant" name="Plant" processRef="tns:p"/>
  <semantic:messageFlow id="mf" name="order" sourceRef="buyer" targetRef="sm" messageRef="tns:msg"/>
  <semantic:messageFlow id="mf2" sourceRef="plant" targetRef="buyer"/>
  <semantic:group id="cgr" categoryValueRef="catv"/>
  <semantic:textAnnotation id="cta" textFormat="text/plain"><semantic:text>between pools</semantic:text></semantic:textAnnotation>
  <semantic:association id="cas" sourceRef="plant" targetRef="cta" associationDirection="None"/>
  <semantic:conversation id="con"><semantic:participantRef>buyer</semantic:participantRef><semantic:participantRef>plant</semantic:participantRef><semantic:messageFlowRef>mf</semantic:messageFlowRef><semantic:correlationKey id="ck0"/></semantic:conversation>
  <semantic:subConversation id="scon"><semantic:callConversation id="ccon" calledCollaborationRef="gcon"><semantic:participantAssociation><semantic:innerParticipantRef>buyer</semantic:innerParticipantRef><semantic:outerParticipantRef>plant</semantic:outerParticipantRef></semantic:participantAssociation></semantic:callConversation></semantic:subConversation>
  <semantic:conversationAssociation id="conas" innerConversationNodeRef="con" outerConversationNodeRef="scon"/>
  <semantic:participantAssociation id="paas"><semantic:innerParticipantRef>buyer</semantic:innerParticipantRef><semantic:outerParticipantRef>plant</semantic:outerParticipantRef></semantic:participantAssociation>
  <semantic:messageFlowAssociation id="mfas" innerMessageFlowRef="mf" outerMessageFlowRef="mf2"/>
  <semantic:correlationKey id="ck" name="order"><semantic:correlationPropertyRef>cp</semantic:correlationPropertyRef></semantic:correlationKey>
  <semantic:choreographyRef>cho</semantic:choreographyRef>
  <semantic:conversationLink id="conl" name="talks" sourceRef="buyer" targetRef="con"/>
 </semantic:collaboration>
 <semantic:globalConversation id="gcon"/>
 <semantic:choreography id="cho">
  <semantic:participant id="c1"/><semantic:participant id="c2"/><semantic:messageFlow id="cmf" sourceRef="c1" targetRef="c2"/>
  <semantic:startEvent id="cs"><semantic:outgoing>cf1</semantic:outgoing></semantic:startEvent>
  <semantic:choreographyTask id="ct" initiatingParticipantRef="c1" loopType="Standard"><semantic:incoming>cf1</semantic:incoming><semantic:outgoing>cf2</semantic:outgoing><semantic:participantRef>c1</semantic:participantRef><semantic:participantRef>c2</semantic:participantRef><semantic:messageFlowRef>cmf</semantic:messageFlowRef></semantic:choreographyTask>
  <semantic:subChoreography id="sc" initiatingParticipantRef="c1"><semantic:participantRef>c1</semantic:participantRef><semantic:participantRef>c2</semantic:participantRef><semantic:startEvent id="scs"/></semantic:subChoreography>
  <semantic:callChoreography id="cc" calledChoreographyRef="gct" initiatingParticipantRef="c1"><semantic:participantRef>c1</semantic:participantRef><semantic:participantRef>c2</semantic:participantRef></semantic:callChoreography>
  <semantic:sequenceFlow id="cf1" sourceRef="cs" targetRef="ct"/><semantic:sequenceFlow id="cf2" sourceRef="ct" targetRef="sc"/>
 </semantic:choreography>
 <semantic:globalChoreographyTask id="gct" initiatingParticipantRef="c1"/>
 <semantic:process id="p" name="every element" processType="Private" isClosed="false" isExecutable="true" definitionalCollaborationRef="tns:col" v:colour="red">
  <semantic:documentation id="doc" textFormat="text/html"><b xmlns="http://www.w3.org/1999/xhtml">bold</b></semantic:documentation>
  <semantic:extensionElements><v:any xmlns:v2="urn:v2" v2:x="1"><v2:in>text<!-- kept --></v2:in><?kept too?></v:any></semantic:extensionElements>
  <semantic:supportedInterfaceRef>int</semantic:supportedInterfaceRef>
  <semantic:ioSpecification id="pio"><semantic:dataInput id="pin" name="given" itemSubjectRef="tns:item" isCollection="false"><semantic:dataState name="new"/></semantic:dataInput><semantic:dataOutput id="pout" name="made"/><semantic:inputSet id="is"><semantic:dataInputRefs>pin</semantic:dataInputRefs><semantic:optionalInputRefs>pin</semantic:optionalInputRefs><semantic:whileExecutingInputRefs>pin</semantic:whileExecutingInputRefs><semantic:outputSetRefs>os</semantic:outputSetRefs></semantic:inputSet><semantic:outputSet id="os"><semantic:dataOutputRefs>pout</semantic:dataOutputRefs><semantic:optionalOutputRefs>pout</semantic:optionalOutputRefs><semantic:whileExecutingOutputRefs>pout</semantic:whileExecutingOutputRefs><semantic:inputSetRefs>is</semantic:inputSetRefs></semantic:outputSet></semantic:ioSpecification>
  <semantic:ioBinding operationRef="op" inputDataRef="is" outputDataRef="os"/>
  <semantic:auditing id="aud"/><semantic:monitoring id="mon"/>
  <semantic:property id="prop" name="count" itemSubjectRef="xsd:int"/>
  <semantic:laneSet id="ls" name="lanes"><semantic:lane id="l1" name="Sales"><semantic:partitionElement xsi:type="semantic:tResourceRole" id="rr"><semantic:resourceRef>res</semantic:resourceRef></semantic:partitionElement><semantic:flowNodeRef>s</semantic:flowNodeRef><semantic:childLaneSet id="cls"><semantic:lane id="l2" partitionElementRef="res"><semantic:flowNodeRef>t1</semantic:flowNodeRef></semantic:lane></semantic:childLaneSet></semantic:lane></semantic:laneSet>
  <semantic:startEvent id="s" name="begin"><semantic:outgoing>f1</semantic:outgoing></semantic:startEvent>
  <semantic:startEvent id="sm" parallelMultiple="false" isInterrupting="true"><semantic:dataOutput id="smo" name="order"/><semantic:dataOutputAssociation><semantic:sourceRef>smo</semantic:sourceRef><semantic:targetRef>dob</semantic:targetRef></semantic:dataOutputAssociation><semantic:outputSet><semantic:dataOutputRefs>smo</semantic:dataOutputRefs></semantic:outputSet><semantic:messageEventDefinition id="smd" messageRef="tns:msg"><semantic:operationRef>op</semantic:operationRef></semantic:messageEventDefinition></semantic:startEvent>
  <semantic:sequenceFlow id="fm" sourceRef="sm" targetRef="t1"/>
  <semantic:dataObject id="dob" name="order" isCollection="false"><semantic:dataState name="read"/></semantic:dataObject>
  <semantic:dataObjectReference id="dor" dataObjectRef="dob"/><semantic:dataStoreReference id="dsr" name="ERP" dataStoreRef="tns:store"/>
  <semantic:sequenceFlow id="f1" sourceRef="s" targetRef="t1" isImmediate="true"/>
  <semantic:task id="t1"><semantic:categoryValueRef>catv</semantic:categoryValueRef><semantic:incoming>f1</semantic:incoming><semantic:incoming>fm</semantic:incoming><semantic:outgoing>f2</semantic:outgoing></semantic:task>
  <semantic:sequenceFlow id="f2" sourceRef="t1" targetRef="t2"/>
  <semantic:userTask id="t2" implementation="##unspecified"><semantic:ioSpecification id="tio"><semantic:dataInput id="ti" name="in"/><semantic:dataOutput id="to" name="out"/><semantic:inputSet><semantic:dataInputRefs>ti</semantic:dataInputRefs></semantic:inputSet><semantic:outputSet><semantic:dataOutputRefs>to</semantic:dataOutputRefs></semantic:outputSet></semantic:ioSpecification><semantic:property id="tp" name="own"/><semantic:dataInputAssociation id="dia"><semantic:sourceRef>dor</semantic:sourceRef><semantic:targetRef>ti</semantic:targetRef><semantic:transformation>=order</semantic:transformation></semantic:dataInputAssociation><semantic:dataOutputAssociation id="doa"><semantic:targetRef>dob</semantic:targetRef><semantic:assignment><semantic:from xsi:type="semantic:tFormalExpression">=out</semantic:from><semantic:to xsi:type="semantic:tFormalExpression">order</semantic:to></semantic:assignment></semantic:dataOutputAssociation><semantic:resourceRole id="rr2"><semantic:resourceAssignmentExpression><semantic:formalExpression>"a"</semantic:formalExpression></semantic:resourceAssignmentExpression></semantic:resourceRole><semantic:performer id="per"/><semantic:humanPerformer id="hp"/><semantic:potentialOwner id="po"/><semantic:multiInstanceLoopCharacteristics id="mi" isSequential="true" behavior="Complex"><semantic:loopCardinality xsi:type="semantic:tFormalExpression">=1</semantic:loopCardinality><semantic:complexBehaviorDefinition id="cbd"><semantic:condition xsi:type="semantic:tFormalExpression">=false</semantic:condition><semantic:event id="ite"><semantic:signalEventDefinition signalRef="sig"/></semantic:event></semantic:complexBehaviorDefinition><semantic:completionCondition xsi:type="semantic:tFormalExpression">=false</semantic:completionCondition></semantic:multiInstanceLoopCharacteristics><semantic:rendering id="ren"/></semantic:userTask>
  <semantic:sequenceFlow id="f3" sourceRef="t2" targetRef="t3"/>
  <semantic:serviceTask id="t3" implementation="##WebService" operationRef="tns:op"><semantic:ioSpecification><semantic:dataInput id="t3i" name="lines" isCollection="true"/><semantic:dataOutput id="t3o" name="results" isCollection="true"/><semantic:inputSet><semantic:dataInputRefs>t3i</semantic:dataInputRefs></semantic:inputSet><semantic:outputSet><semantic:dataOutputRefs>t3o</semantic:dataOutputRefs></semantic:outputSet></semantic:ioSpecification><semantic:multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="sigdef" noneBehaviorEventRef="sigdef"><semantic:loopDataInputRef>t3i</semantic:loopDataInputRef><semantic:loopDataOutputRef>t3o</semantic:loopDataOutputRef><semantic:inputDataItem id="t3ii" name="line"/><semantic:outputDataItem id="t3oi" name="result"/></semantic:multiInstanceLoopCharacteristics></semantic:serviceTask>
  <semantic:sequenceFlow id="f4" sourceRef="t3" targetRef="t4"/><semantic:sendTask id="t4" messageRef="tns:msg2" operationRef="op"/><semantic:sequenceFlow id="f5" sourceRef="t4" targetRef="t5"/>
  <semantic:receiveTask id="t5" messageRef="msg2" instantiate="false"/><semantic:sequenceFlow id="f6" sourceRef="t5" targetRef="t6"/>
  <semantic:manualTask id="t6"><semantic:standardLoopCharacteristics testBefore="true" loopMaximum="2"><semantic:loopCondition xsi:type="semantic:tFormalExpression">=false</semantic:loopCondition></semantic:standardLoopCharacteristics></semantic:manualTask><semantic:sequenceFlow id="f7" sourceRef="t6" targetRef="t7"/>
  <semantic:scriptTask id="t7" scriptFormat="feel"><semantic:script>{y: 1}</semantic:script></semantic:scriptTask><semantic:sequenceFlow id="f8" sourceRef="t7" targetRef="t8"/>
  <semantic:businessRuleTask id="t8" implementation="##unspecified"/><semantic:sequenceFlow id="f9" sourceRef="t8" targetRef="t9"/>
  <semantic:callActivity id="t9" calledElement="tns:gmt"/><semantic:sequenceFlow id="f10" sourceRef="t9" targetRef="gx"/>
  <semantic:exclusiveGateway id="gx" gatewayDirection="Diverging" default="f12"/>
  <semantic:sequenceFlow id="f11" sourceRef="gx" targetRef="gi"><semantic:conditionExpression xsi:type="semantic:tFormalExpression" language="http://www.omg.org/spec/DMN/20191111/FEEL/"><!-- when --><![CDATA[y < 2]]></semantic:conditionExpression></semantic:sequenceFlow><semantic:sequenceFlow id="f12" sourceRef="gx" targetRef="gp"/>
  <semantic:inclusiveGateway id="gi"/><semantic:sequenceFlow id="f13" sourceRef="gi" targetRef="gp"/><semantic:parallelGateway id="gp"/><semantic:sequenceFlow id="f14" sourceRef="gp" targetRef="gc"/>
  <semantic:complexGateway id="gc"><semantic:activationCondition xsi:type="semantic:tFormalExpression">=activationCount &gt; 0</semantic:activationCondition></semantic:complexGateway><semantic:sequenceFlow id="f15" sourceRef="gc" targetRef="ge"/>
  <semantic:eventBasedGateway id="ge" instantiate="false" eventGatewayType="Exclusive"/><semantic:sequenceFlow id="f16" sourceRef="ge" targetRef="c1e"/><semantic:sequenceFlow id="f17" sourceRef="ge" targetRef="c2e"/>
  <semantic:intermediateCatchEvent id="c1e"><semantic:timerEventDefinition><semantic:timeDuration xsi:type="semantic:tFormalExpression">PT1H</semantic:timeDuration></semantic:timerEventDefinition></semantic:intermediateCatchEvent>
  <semantic:intermediateCatchEvent id="c2e"><semantic:conditionalEventDefinition><semantic:condition xsi:type="semantic:tFormalExpression">=y = 5</semantic:condition></semantic:conditionalEventDefinition></semantic:intermediateCatchEvent>
  <semantic:sequenceFlow id="f18" sourceRef="c1e" targetRef="lt"/><semantic:sequenceFlow id="f19" sourceRef="c2e" targetRef="lt"/>
  <semantic:intermediateThrowEvent id="lt"><semantic:linkEventDefinition id="ld1" name="L"><semantic:target>ld2</semantic:target></semantic:linkEventDefinition></semantic:intermediateThrowEvent>
  <semantic:intermediateCatchEvent id="lc"><semantic:linkEventDefinition id="ld2" name="L"><semantic:source>ld1</semantic:source></semantic:linkEventDefinition></semantic:intermediateCatchEvent>
  <semantic:sequenceFlow id="f20" sourceRef="lc" targetRef="th"/>
  <semantic:intermediateThrowEvent id="th"><semantic:dataInput id="thi" name="note"/><semantic:dataInputAssociation><semantic:sourceRef>dob</semantic:sourceRef><semantic:targetRef>thi</semantic:targetRef></semantic:dataInputAssociation><semantic:inputSet><semantic:dataInputRefs>thi</semantic:dataInputRefs></semantic:inputSet><semantic:eventDefinitionRef>tns:sigdef</semantic:eventDefinitionRef></semantic:intermediateThrowEvent><semantic:sequenceFlow id="f21" sourceRef="th" targetRef="imp"/>
  <semantic:implicitThrowEvent id="imp"/><semantic:sequenceFlow id="f22" sourceRef="imp" targetRef="tx"/>
  <semantic:transaction id="tx" method="##Compensate"><semantic:startEvent id="txs"/><semantic:sequenceFlow id="txf" sourceRef="txs" targetRef="txe"/><semantic:endEvent id="txe"><semantic:cancelEventDefinition/></semantic:endEvent></semantic:transaction>
  <semantic:boundaryEvent id="bk" attachedToRef="tx" cancelActivity="true"><semantic:cancelEventDefinition/></semantic:boundaryEvent><semantic:sequenceFlow id="f23" sourceRef="bk" targetRef="ah"/>
  <semantic:adHocSubProcess id="ah" ordering="Sequential" cancelRemainingInstances="true"><semantic:task id="ah1"/><semantic:completionCondition xsi:type="semantic:tFormalExpression">=true</semantic:completionCondition></semantic:adHocSubProcess><semantic:sequenceFlow id="f24" sourceRef="ah" targetRef="sp"/>
  <semantic:subProcess id="sp" triggeredByEvent="false" startQuantity="1" completionQuantity="1"><semantic:laneSet id="sls"/><semantic:startEvent id="sps"/><semantic:sequenceFlow id="spf" sourceRef="sps" targetRef="spx"/><semantic:task id="spx"/><semantic:boundaryEvent id="spc" attachedToRef="spx"><semantic:compensateEventDefinition/></semantic:boundaryEvent><semantic:task id="sph" isForCompensation="true"/><semantic:sequenceFlow id="spf2" sourceRef="spx" targetRef="spt"/><semantic:intermediateThrowEvent id="spt"><semantic:compensateEventDefinition waitForCompletion="true" activityRef="tns:spx"/></semantic:intermediateThrowEvent><semantic:sequenceFlow id="spf3" sourceRef="spt" targetRef="spe"/><semantic:endEvent id="spe"><semantic:escalationEventDefinition escalationRef="tns:esc"/></semantic:endEvent><semantic:association id="spa" associationDirection="One" sourceRef="spc" targetRef="sph"/></semantic:subProcess>
  <semantic:boundaryEvent id="be" attachedToRef="sp"><semantic:errorEventDefinition errorRef="tns:err"/></semantic:boundaryEvent><semantic:sequenceFlow id="f25" sourceRef="be" targetRef="e"/><semantic:sequenceFlow id="f26" sourceRef="sp" targetRef="e"/>
  <semantic:subProcess id="es" triggeredByEvent="true"><semantic:startEvent id="ess" isInterrupting="false"><semantic:timerEventDefinition><semantic:timeCycle>R3/PT1H</semantic:timeCycle></semantic:timerEventDefinition></semantic:startEvent><semantic:sequenceFlow id="esf" sourceRef="ess" targetRef="ese"/><semantic:endEvent id="ese"/></semantic:subProcess>
  <semantic:endEvent id="e"><semantic:terminateEventDefinition/></semantic:endEvent>
  <semantic:textAnnotation id="ta"><semantic:text>note</semantic:text></semantic:textAnnotation><semantic:association id="as" sourceRef="t1" targetRef="ta"/><semantic:group id="gr" categoryValueRef="tns:catv"/>
  <semantic:resourceRole id="prr"><semantic:resourceRef>tns:res</semantic:resourceRef></semantic:resourceRole>
  <semantic:correlationSubscription id="cosu" correlationKeyRef="ck"><semantic:correlationPropertyBinding correlationPropertyRef="cp"><semantic:dataPath xsi:type="semantic:tFormalExpression">=number</semantic:dataPath></semantic:correlationPropertyBinding></semantic:correlationSubscription>
  <semantic:supports>q</semantic:supports>
 </semantic:process>
 <semantic:process id="q" isExecutable="false"/>
 <bpmndi:BPMNDiagram id="diagram" name="one" resolution="96"><bpmndi:BPMNPlane id="plane" bpmnElement="col"><bpmndi:BPMNShape id="sh" bpmnElement="plant" isHorizontal="true" v:fill="#ff0000"><dc:Bounds x="1.50" y="2" width="300" height="100"/><bpmndi:BPMNLabel labelStyle="st"><dc:Bounds x="1" y="2" width="3" height="4"/></bpmndi:BPMNLabel></bpmndi:BPMNShape><bpmndi:BPMNEdge id="ed" bpmnElement="mf" messageVisibleKind="initiating"><di:extension><v:e/></di:extension><di:waypoint x="1" y="2"/><di:waypoint xsi:type="dc:Point" x="3" y="4"/></bpmndi:BPMNEdge></bpmndi:BPMNPlane><bpmndi:BPMNLabelStyle id="st"><dc:Font name="Arial" size="11.0" isBold="false"/></bpmndi:BPMNLabelStyle></bpmndi:BPMNDiagram>
 <semantic:relationship id="rel" type="trace" direction="Forward"><semantic:source>tns:p</semantic:source><semantic:target>other:q</semantic:target></semantic:relationship>
</semantic:definitions>
<!-- after it -->
"""
