require('tsx/cjs/api').register();
require('./worker');
