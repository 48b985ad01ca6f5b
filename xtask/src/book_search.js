// Asks the search of the book some questions, as a reader types them, and fails if another page than
// the right one comes first. The argument is the directory of the book.
const fs = require('fs');
const path = require('path');

const QUESTIONS = {
    'acquire in poll function': 'runtimes.html#a-wait-in-a-poll-function',
    'cancel acquire': 'guide/from-asyncio/idioms/stopping.html#cancel-an-acquire',
    'change the limit while running': 'guide/which-primitive.html',
    'gather': 'guide/from-asyncio/idioms/stopping.html',
    'limit requests': 'guide/which-primitive.html#limit-requests-connections-or-jobs',
    'move permit into task': 'guide/which-primitive.html',
    'mutex': 'guide/from-tokio-sync.html#mutex',
    'no_std': 'runtimes.html',
    'notify from sync function': 'guide/notify-from-sync-code.html',
    'notify_one': 'guide/from-tokio-sync.html#notify_one',
    'rate limit': 'guide/from-asyncio/programs/rate_limit.html',
    'read write lock': 'guide/which-primitive.html#a-read-write-lock',
    'select cancel safe': 'guide/from-asyncio/idioms/stopping.html',
    'select loop': 'guide/from-asyncio/mistakes.html',
    'shutdown without close': 'guide/from-tokio-sync.html#shutting-down-without-close',
    'thread pool block tokio hang': 'guide/blocking.html',
    'timeout on a thread': 'runtimes.html#timeouts',
    'wait until all permits are free': 'guide/which-primitive.html',
};

const book = process.argv[2];
const read = pattern => {
    const name = fs.readdirSync(book).find(name => pattern.test(name));
    return path.join(book, name ?? `no file ${pattern}`);
};
const lunr = require(read(/^elasticlunr.*\.js$/));
global.window = { search: {} };
(0, eval)(fs.readFileSync(read(/^searchindex.*\.js$/), 'utf8'));
const search = window.search;

const index = lunr.Index.load(search.index);
let wrong = 0;
for (const [question, right] of Object.entries(QUESTIONS)) {
    const [first] = index.search(question, search.search_options);
    const page = first ? search.doc_urls[first.ref] : 'nothing';
    if (page !== right && !page.startsWith(`${right}#`)) {
        console.log(`"${question}" finds ${page} first, and not ${right}`);
        wrong += 1;
    }
}
console.log(`${Object.keys(QUESTIONS).length} questions to the search, ${wrong} wrong`);
process.exitCode = wrong ? 1 : 0;
