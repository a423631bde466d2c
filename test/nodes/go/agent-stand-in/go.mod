module stockade.example/test/nodes/agent-stand-in

go 1.25.0
