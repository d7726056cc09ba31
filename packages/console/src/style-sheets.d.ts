/** Style sheets are the bundler's: importing one adds it to the page. */
declare module '*.css';
