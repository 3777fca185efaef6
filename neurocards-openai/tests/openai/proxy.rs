//! Requests through a proxy.

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::service::{Say, Service};
use crate::world::{World, answer};

fn good() -> Say {
    Say::content(answer().to_string())
}

#[tokio::test]
async fn a_proxy_carries_the_requests_and_is_never_shown() {
    // A proxy for plain HTTP gets the whole address in the request's first line; this one answers itself.
    let world = World::new(Service::chat([good()]).await).await;
    let proxy = format!("http://user:canary%21@{}", world.service.host());
    let settings = world.settings().base_url("http://model.test/v1").proxy(proxy);
    let prompts = world.prompts_with(settings);
    world.build(&prompts).await.unwrap();
    let asked = &world.service.asked()[0];
    assert_eq!(asked.header("host"), Some("model.test"));
    assert_eq!(asked.header("proxy-authorization"), Some("Basic dXNlcjpjYW5hcnkh"));
    assert!(!format!("{prompts:?}").contains("canary"), "{prompts:?}");
    let settings = world.settings().proxy("http://user:canary%21@127.0.0.1:1");
    assert!(!format!("{settings:?}").contains("canary"));
    let error = world.build(&world.prompts_with(settings)).await.unwrap_err();
    assert!(!format!("{error:?} {}", error.fault).contains("canary"), "{error:?}");
}

/// Takes one connection for `user` with the password `canary!`, and carries it to `to`. Gives the name that was asked for.
async fn socks5(listener: TcpListener, to: String) -> std::io::Result<String> {
    let (mut client, _) = listener.accept().await?;
    let mut head = [0; 2];
    client.read_exact(&mut head).await?;
    client.read_exact(&mut vec![0; head[1].into()]).await?;
    client.write_all(&[5, 2]).await?;
    let expected = b"\x01\x04user\x07canary!";
    let mut given = vec![0; expected.len()];
    client.read_exact(&mut given).await?;
    assert_eq!(given, expected);
    client.write_all(&[1, 0]).await?;
    let mut request = [0; 5];
    client.read_exact(&mut request).await?;
    assert_eq!(request[..4], [5, 1, 0, 3], "a connection by name");
    let mut name = vec![0; usize::from(request[4]) + 2];
    client.read_exact(&mut name).await?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    let mut server = TcpStream::connect(to).await?;
    // Either side may close first.
    let _ = copy_bidirectional(&mut client, &mut server).await;
    Ok(String::from_utf8_lossy(&name[..name.len() - 2]).into_owned())
}

#[tokio::test]
async fn a_socks_proxy_looks_names_up_itself() {
    let world = World::new(Service::chat([good()]).await).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = tokio::spawn(socks5(listener, world.service.host()));
    let settings = world.settings().base_url("http://model.test/v1");
    let prompts = world.prompts_with(settings.proxy(format!("socks5h://user:canary%21@{address}")));
    world.build(&prompts).await.unwrap();
    drop(prompts);
    assert_eq!(proxy.await.unwrap().unwrap(), "model.test");
}
