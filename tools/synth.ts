import '../cli/synth';
