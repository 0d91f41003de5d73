package tablet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.time.Duration;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLSocketFactory;

/**
 * Requests as OkHttp inside Collect makes them.
 *
 * <p>Re-creates A1 (headers, the 12-hour Date), A2 (deviceID), A5 (redirects of GET and HEAD), A10 (gzip of answers),
 * A11 (time-outs), A13 (silent repeats after 408 and 503; a redirected POST that becomes a GET) and C11 (an answer
 * that gets lost on the way).
 */
final class Http {
    static final String VERSION = "X-OpenRosa-Version";
    private static final Set<Integer> REDIRECTS = Set.of(300, 301, 302, 303, 307, 308);
    private static final int MAX_REDIRECTS = 20; // OkHttp's

    /** The server had answered, and nobody read the answer. */
    static final class LostResponse extends IOException {
        LostResponse() {
            super("the connection was dropped before the response was read");
        }
    }

    private record Request(String method, String url, MultipartBody body, Map<String, String> headers) {
        URI uri() {
            return URI.create(url);
        }

        Request redirectedTo(String location, boolean keepsBody) {
            String target = uri().resolve(location).toString();
            return keepsBody ? new Request(method, target, body, headers) : new Request("GET", target, null, headers);
        }
    }

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(30)).followRedirects(HttpClient.Redirect.NEVER).build();
    private final String deviceId;
    private final Login login;
    private final HttpCache cache;
    private final Events events;
    private int requests;

    Http(Options options, Login login, Events events) {
        this.deviceId = options.deviceId;
        this.login = login;
        this.events = events;
        this.cache = options.httpCache ? new HttpCache(options.work.resolve("http-cache")) : null;
    }

    int requests() {
        return requests;
    }

    /** Add a query parameter as Android's Uri does (':' becomes %3A), before any fragment. */
    static String withParameter(String url, String name, String value) {
        int hash = url.indexOf('#');
        String before = hash < 0 ? url : url.substring(0, hash), fragment = hash < 0 ? "" : url.substring(hash);
        String encoded = URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
        return before + (before.contains("?") ? "&" : "?") + name + "=" + encoded + fragment;
    }

    String withDeviceId(String url) {
        return withParameter(url, "deviceID", deviceId);
    }

    Reply get(String plainUrl) throws IOException, InterruptedException {
        String url = withDeviceId(plainUrl);
        if (cache == null) return send(new Request("GET", url, null, Map.of()));
        Reply kept = cache.find(url);
        if (kept != null && cache.isFresh(url, kept)) {
            events.report("http", "method", "GET", "url", url, "code", kept.code,
                "from_cache", "fresh: " + kept.header("Cache-Control"));
            return kept;
        }
        Reply reply = send(new Request("GET", url, null, HttpCache.conditions(kept)));
        return cache.settle(url, kept, reply);
    }

    Reply head(String url) throws IOException, InterruptedException {
        return send(new Request("HEAD", url, null, Map.of()));
    }

    Reply post(String url, MultipartBody body) throws IOException, InterruptedException {
        return send(new Request("POST", url, body, Map.of()));
    }

    private Reply send(Request request) throws IOException, InterruptedException {
        int redirects = 0, logins = 0;
        boolean repeated408 = false, repeated503 = false;
        while (true) {
            String authorization = login.authorization(request.method, request.uri());
            Reply reply = once(request, authorization);
            if (reply.code == 401 && logins++ < 2 && login.learn(reply.challenges, request.uri(), authorization))
                continue;
            if (reply.code == 408 && !repeated408) {
                repeated408 = true;
            } else if (reply.code == 503 && "0".equals(reply.header("Retry-After")) && !repeated503) {
                repeated503 = true;
            } else if (REDIRECTS.contains(reply.code) && reply.has("Location") && redirects++ < MAX_REDIRECTS) {
                boolean keepsBody = !request.method.equals("POST") || reply.code == 307 || reply.code == 308;
                request = request.redirectedTo(reply.header("Location"), keepsBody);
            } else {
                return reply;
            }
        }
    }

    private Reply once(Request request, String authorization) throws IOException, InterruptedException {
        HttpRequest.Builder builder = HttpRequest.newBuilder(request.uri()).timeout(Duration.ofSeconds(60));
        headers(request.headers, authorization).forEach(builder::header);
        if (request.body != null) builder.header("Content-Type", request.body.contentType());
        builder.method(
            request.method, request.body == null ? HttpRequest.BodyPublishers.noBody() : request.body.publisher());
        HttpResponse<byte[]> response = client.send(builder.build(), HttpResponse.BodyHandlers.ofByteArray());
        requests++;
        Reply reply = new Reply(response.statusCode(), unzipped(response));
        response.headers().map().forEach((name, values) -> reply.headers.put(name, String.join(", ", values)));
        reply.challenges = response.headers().allValues("WWW-Authenticate");
        events.report("http", "method", request.method, "url", request.url,
            "sent_bytes", request.body == null ? 0 : request.body.length(), "code", reply.code,
            "received_bytes", reply.body.length,
            "authorization", authorization == null ? "" : authorization.split(" ")[0]);
        return reply;
    }

    private static byte[] unzipped(HttpResponse<byte[]> response) throws IOException {
        boolean isZipped = response.headers().firstValue("Content-Encoding").orElse("").equalsIgnoreCase("gzip");
        if (!isZipped || response.body().length == 0) return response.body();
        return new GZIPInputStream(new ByteArrayInputStream(response.body())).readAllBytes();
    }

    private static Map<String, String> headers(Map<String, String> extra, String authorization) {
        SimpleDateFormat clock = new SimpleDateFormat("E, dd MMM yyyy hh:mm:ss zz", Locale.US); // hh: as Collect
        clock.setTimeZone(TimeZone.getTimeZone("GMT"));
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("User-Agent", "org.odk.collect.android/v2026.3.3 Dalvik/2.1.0 (Linux; U; Android 14; test tablet)");
        headers.put(VERSION, "1.0");
        headers.put("Date", clock.format(new Date()));
        headers.put("Accept-Encoding", "gzip");
        headers.putAll(extra);
        if (authorization != null) headers.put("Authorization", authorization);
        return headers;
    }

    /** Post on a socket of its own, wait until the server has answered (and so committed), throw the answer away. */
    void postAndHangUp(String url, MultipartBody body) throws IOException {
        URI uri = URI.create(url);
        try (Socket socket = connect(uri)) {
            OutputStream out = socket.getOutputStream();
            out.write(head(uri, body).getBytes(StandardCharsets.UTF_8));
            body.writeTo(out);
            out.flush();
            socket.setSoTimeout(15_000);
            boolean hasAnswered = socket.getInputStream().read() >= 0;
            requests++;
            events.report("http", "method", "POST", "url", url, "sent_bytes", body.length(), "code", 0,
                "lost_response", true, "server_had_answered", hasAnswered);
        }
        throw new LostResponse();
    }

    private static Socket connect(URI uri) throws IOException {
        boolean isSecure = uri.getScheme().equals("https");
        int port = uri.getPort() > 0 ? uri.getPort() : isSecure ? 443 : 80;
        return isSecure ? SSLSocketFactory.getDefault().createSocket(uri.getHost(), port)
            : new Socket(uri.getHost(), port);
    }

    private String head(URI uri, MultipartBody body) {
        StringBuilder head = new StringBuilder("POST " + Login.pathAndQuery(uri) + " HTTP/1.1\r\nHost: "
            + uri.getAuthority() + "\r\n");
        Map<String, String> headers = headers(Map.of(), login.authorization("POST", uri));
        headers.put("Content-Type", body.contentType());
        headers.put("Content-Length", String.valueOf(body.length()));
        headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
        return head.append("\r\n").toString();
    }
}
